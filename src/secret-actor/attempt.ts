/**
 * One attempt to renew: ask for leave, write the journal, say, send, hear. What is stored of it is in `outcome`; what is decided comes from
 * the domain. Knows nothing of who waits for it.
 */

import { policyOf } from "../domain/auth-client.ts";
import { boundedMembers } from "../domain/free-form.ts";
import { identityOf, renewalOf, renewedWith } from "../domain/oauth2/renewal.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import type { TokenRequest } from "../domain/oauth2/request.ts";
import type { Refusal } from "../domain/oauth2/response.ts";
import { variablesOf } from "../domain/oauth2/variables.ts";
import { beginAttempt, keepsTokenBefore } from "../domain/refresh-schedule.ts";
import type { Grant, Secret } from "../domain/secret.ts";
import { openRegistration, type SealedAuthClient } from "../store/auth-clients.ts";
import { askProvider, tellWhereItLeads } from "./ask.ts";
import { lookUpClient } from "./look-up.ts";
import type { Memory } from "./memory.ts";
import {
  isStill,
  noteSuperseded,
  notesOf,
  type Outcome,
  reasonOf,
  refused,
  storeOutcome,
  withoutLostAttempt,
} from "./outcome.ts";
import { type Cause, type Ports, tellOperators } from "./ports.ts";
import { takeTurn, type Turn } from "./turn.ts";

const REQUEST_TIMEOUT_MS = 20_000;
/** A token that outlives a slow provider lets the request take this long. */
const PATIENT_TIMEOUT_MS = 40_000;

/** An attempt that is about to be made, with what it is about. */
interface Planned {
  attemptId: string;
  secret: Secret;
  grant: Grant;
  fingerprint: string;
}

/** Who asks the provider. */
interface Registered {
  kind: "registered";
  client: SealedAuthClient;
  registration: OAuth2Registration;
}

/**
 * Runs one attempt and stores its outcome. Whatever goes wrong on the way is an outcome too; rejects for broken storage alone.
 * Gives the instant until which the provider's budget holds the secret back; null when it does not.
 */
export async function runAttempt(memory: Memory, ports: Ports, cause: Cause): Promise<number | null> {
  const startedAt = ports.now();
  const planned = await plan(memory, ports, cause);
  if (planned === null) return null;
  const tried = await tryOnce(memory, ports, cause, planned);
  if (tried === null) return null;
  const { outcome, wasBegun } = tried;
  const isStored = await storeOutcome(memory, ports, cause, outcome, {
    attemptId: wasBegun ? planned.attemptId : null,
    version: planned.secret.version,
    startedAt,
  });
  if (!isStored) await noteSuperseded(memory, ports, cause, startedAt);
  const after = memory.record?.secret;
  if (outcome.kind === "refused") tellWhereItLeads(ports, planned.secret.id, cause, outcome.refusal);
  ports.log({
    kind: "refresh",
    trigger: cause.trigger,
    request_id: cause.requestId,
    workspace_id: planned.secret.workspaceId,
    secret_id: planned.secret.id,
    version: after?.version ?? planned.secret.version,
    outcome: isStored ? outcome.kind : "superseded",
    reason: reasonOf(outcome),
    ...notesOf(outcome),
    duration_ms: ports.now() - startedAt,
    next_refresh_at: after?.refreshAt == null ? null : new Date(after.refreshAt).toISOString(),
  });
  return isStored && outcome.kind === "held_back" ? outcome.until : null;
}

/** Opens the grant. Null when there is nothing to do, or nothing can be opened: the provider is then not called. */
async function plan(memory: Memory, ports: Ports, cause: Cause): Promise<Planned | null> {
  // Before a provider is asked to confirm that a grant is dead: is this still the grant that is stored?
  if (memory.secret.trouble?.kind === "confirming") memory.reread();
  const { secret } = memory;
  const { version } = secret;
  let grant: Grant;
  try {
    grant = await memory.grant();
  } catch (error) {
    await notOpened(memory, ports, cause, version, error);
    return null;
  }
  if (secret.renewedWith === null) return null;
  const fingerprint = await ports.digest(identityOf(grant, secret.renewedWith));
  return { attemptId: crypto.randomUUID(), secret, grant, fingerprint };
}

/** Sends the request, once everybody who has a say lets it go. Null when the secret is another by then: nothing was sent. */
async function tryOnce(
  memory: Memory,
  ports: Ports,
  cause: Cause,
  planned: Planned,
): Promise<{ outcome: Outcome; wasBegun: boolean } | null> {
  const found = await findRegistration(memory, ports, cause, planned.secret);
  if (found.kind === "refused") return { outcome: found, wasBegun: false };
  const { secret, grant } = planned;
  const variables = variablesOf(secret.fields, grant.undefined_params["callback"]);
  const request = renewalOf(found.registration, grant, secret.scopes, variables);
  // The flavour that said with what this grant is renewed says so no more.
  if (request === null)
    return { outcome: refused(found.client, "config_error", "unsupported_grant_type"), wasBegun: false };
  const turn = await takeTurn(ports, planned.attemptId, secret, request);
  if (turn.kind === "held_back") return { outcome: { ...turn, client: found.client }, wasBegun: false };
  try {
    if (!(await begin(memory, ports, cause, planned))) return null;
    const outcome = await ask(memory, ports, planned, { client: found.client, request }, turn).catch(
      (error: unknown) => {
        tellOperators(ports, planned.secret.id, cause, "attempt_failed", error);
        return refused(null, "ambiguous", "unreadable_answer");
      },
    );
    return outcome === null ? null : { outcome, wasBegun: true };
  } finally {
    turn.end(null);
  }
}

/** Writes the journal. False when the secret is another by now. */
async function begin(memory: Memory, ports: Ports, cause: Cause, planned: Planned): Promise<boolean> {
  // No await from here to the write: a secret that was deleted or consented to meanwhile is not touched.
  const record = memory.record;
  const secret = record?.secret;
  if (record === null || secret == null || !isStill(secret, planned.secret.version)) return false;
  const { attemptId: id, fingerprint } = planned;
  const attempt = { id, version: secret.version, fingerprint, sentAt: ports.now() };
  // Inside an alarm the platform itself wakes the actor again if the process dies, so the alarm needs no row of its own.
  const alarm = cause.trigger === "alarm" ? "keep" : "set";
  await memory.write({ ...record, secret: beginAttempt(withoutLostAttempt(secret, ports), attempt) }, alarm);
  return true;
}

async function notOpened(memory: Memory, ports: Ports, cause: Cause, version: number, error: unknown): Promise<void> {
  const id = memory.secret.id;
  const outcome = refused(null, "retry", "storage_integrity");
  // A consent that came first brought a grant that does open.
  const isStored = await storeOutcome(memory, ports, cause, outcome, {
    attemptId: null,
    version,
    startedAt: ports.now(),
  });
  if (isStored) tellOperators(ports, id, cause, "storage_integrity", error);
}

/** Finds the client, as last seen when D1 does not answer. */
async function findRegistration(
  memory: Memory,
  ports: Ports,
  { trigger }: Cause,
  { authClientId, trouble }: Secret,
): Promise<Registered | (Outcome & { kind: "refused" })> {
  // Those that are fine fall due together. Somebody who waits, or has just corrected the client, wants it as it is now.
  const age = trigger === "alarm" && trouble === null ? "recent" : "now";
  const found = await lookUpClient(ports, authClientId, age);
  const client = found === undefined ? (memory.record?.client ?? null) : found;
  if (client === null) {
    return found === null
      ? refused(null, "config_error", "client_gone")
      : refused(null, "retry", "storage_unavailable");
  }
  try {
    return { kind: "registered", client, registration: await openRegistration(ports.cipher, client) };
  } catch {
    return refused(client, "retry", "storage_integrity");
  }
}

/** Null when the secret was erased or changed in the moment since the journal was written: then nothing is sent. */
async function ask(
  memory: Memory,
  ports: Ports,
  { attemptId, secret, grant }: Planned,
  { client: knownClient, request }: { client: SealedAuthClient; request: TokenRequest },
  turn: Turn,
): Promise<Outcome | null> {
  if (memory.record?.secret?.attempt?.id !== attemptId) return null;
  const left = secret.expiresAt === null ? Number.POSITIVE_INFINITY : secret.expiresAt - ports.now();
  const timeoutMs = left > PATIENT_TIMEOUT_MS ? PATIENT_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
  const { heard, client } = await askProvider(ports, knownClient, request, timeoutMs);
  turn.end(heard);
  if (heard.kind === "refused") return await refusedBy(ports, heard.refusal, client);
  const arrivedAt = ports.now();
  const keepsToken = keepsTokenBefore(secret, { expiresAt: heard.expiresAt, arrivedAt });
  const sealed = await memory.seal(secret, secret.version + 1, continued(grant, heard.grant, keepsToken));
  const by = renewedWith(request.registration, heard.grant.refresh_token);
  return { kind: "granted", heard, arrivedAt, sealed, client, by, policy: policyOf(client, request.registration) };
}

/** A client that was corrected while the provider refused it as it had been is tried again, as if the correction had come after. */
async function refusedBy(ports: Ports, refusal: Refusal, client: SealedAuthClient): Promise<Outcome> {
  const newest = refusal.class === "config_error" ? await lookUpClient(ports, client.id) : null;
  const isOutdated = newest != null && newest.version > client.version;
  return { kind: "refused", refusal, client: newest ?? client, isOutdated };
}

/** Joins a renewed grant to the one before: what the provider did not repeat still holds (RFC 6749 5.1, 6). */
function continued(before: Grant, renewed: Grant, keepsToken: boolean): Grant {
  return {
    ...renewed,
    ...(keepsToken && { access_token: before.access_token, token_type: before.token_type }),
    scope: renewed.scope ?? before.scope,
    subject: renewed.subject ?? before.subject,
    undefined_params: boundedMembers({ ...before.undefined_params, ...renewed.undefined_params }),
  };
}
