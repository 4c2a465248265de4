/**
 * One attempt to renew: write the journal, say, send, hear, decide, store. What is decided comes from `domain/refresh-schedule`.
 * Knows nothing of who waits for it.
 */

import type { Sealed } from "../crypto/seal.ts";
import { afterClientChange, afterLostAnswer, afterRefusal } from "../domain/after-attempt.ts";
import { policyOf } from "../domain/auth-client.ts";
import { boundedMembers } from "../domain/free-form.ts";
import type { SecretId } from "../domain/ids.ts";
import type { Heard, Refusal } from "../domain/oauth2/response.ts";
import { beginAttempt, canRefresh, type Policy, withNewGrant } from "../domain/refresh-schedule.ts";
import type { Grant, Secret } from "../domain/secret.ts";
import { openRegistration, type SealedAuthClient } from "../store/auth-clients.ts";
import { lookUpClient } from "./look-up.ts";
import type { Memory } from "./memory.ts";
import type { Ports } from "./ports.ts";

/** What made an attempt start, and for whom; for the log. */
export interface Cause {
  trigger: "alarm" | "read" | "manual";
  requestId: string;
}

const REQUEST_TIMEOUT_MS = 20_000;
/** A token that outlives a slow provider lets the request take this long. */
const PATIENT_TIMEOUT_MS = 40_000;
/** So long an outcome waits for storage that fails. */
const STORE_PATIENCE_MS = 600_000;
const SHORTEST_STORE_PAUSE_MS = 100;
const LONGEST_STORE_PAUSE_MS = 10_000;
/** Refusals that tell of somebody who wants our requests to go elsewhere. */
const SECURITY_REASONS = new Set<string>(["redirect_refused", "address_refused"]);

/** An attempt whose journal is written. */
interface Begun {
  attemptId: string;
  secret: Secret;
  grant: Grant;
  refreshToken: string;
}

/** What an attempt came to, ready to be stored. */
type Outcome =
  | {
      kind: "granted";
      heard: Heard & { kind: "granted" };
      sealed: Sealed;
      client: SealedAuthClient;
      policy: Policy;
    }
  | {
      kind: "refused";
      refusal: Refusal;
      client: SealedAuthClient | null;
      /** The client was changed since it was refused. */
      isOutdated: boolean;
    };

/** Runs one attempt and stores its outcome. Whatever goes wrong on the way is an outcome too; rejects for broken storage alone. */
export async function runAttempt(memory: Memory, ports: Ports, cause: Cause): Promise<void> {
  const startedAt = ports.now();
  const begun = await begin(memory, ports, cause);
  if (begun === null) return;
  const outcome = await ask(memory, ports, begun).catch((error: unknown) => {
    alert(ports, begun.secret.id, cause, "attempt_failed", error);
    return refused(null, "ambiguous", "unreadable_answer");
  });

  const isCurrent = await storeOutcome(memory, ports, begun, outcome, cause);
  const after = memory.record?.secret;
  if (outcome.kind === "refused" && SECURITY_REASONS.has(outcome.refusal.reason)) {
    alert(ports, begun.secret.id, cause, outcome.refusal.reason, "The token endpoint leads where no request may go.");
  }
  ports.log({
    kind: "refresh",
    trigger: cause.trigger,
    request_id: cause.requestId,
    workspace_id: begun.secret.workspaceId,
    secret_id: begun.secret.id,
    version: after?.version ?? begun.secret.version,
    outcome: isCurrent ? outcome.kind : "superseded",
    reason: outcome.kind === "refused" ? outcome.refusal.reason : null,
    duration_ms: ports.now() - startedAt,
    next_refresh_at: after?.refreshAt == null ? null : new Date(after.refreshAt).toISOString(),
  });
}

/**
 * Stores what was heard; false when the journal names this attempt no more. Storage that fails is tried again and again: a refresh token
 * that was rotated is lost with this process until it is written.
 */
async function storeOutcome(
  memory: Memory,
  ports: Ports,
  { attemptId }: Begun,
  outcome: Outcome,
  cause: Cause,
): Promise<boolean> {
  const giveUpAt = ports.now() + STORE_PATIENCE_MS;
  for (let pause = SHORTEST_STORE_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_STORE_PAUSE_MS)) {
    // From here to the write there is no await: what is decided is decided on what is stored now.
    const record = memory.record;
    const secret = record?.secret;
    if (record === null || secret == null || secret.attempt?.id !== attemptId) return false;
    try {
      await memory.write({
        ...record,
        secret: afterOutcome(secret, outcome, ports),
        grant: outcome.kind === "granted" ? outcome.sealed : record.grant,
        client: outcome.client ?? record.client,
      });
      return true;
    } catch (error) {
      const isStored = memory.record?.secret?.attempt?.id !== attemptId;
      if (isStored || ports.now() >= giveUpAt) throw error;
      if (pause === SHORTEST_STORE_PAUSE_MS) alert(ports, record.id, cause, "outcome_not_stored", error);
    }
    await ports.waitFor(null, pause);
  }
}

/** Opens the grant and writes the journal. Null when there is nothing to do, or nothing can be opened: the provider is then not called. */
async function begin(memory: Memory, ports: Ports, cause: Cause): Promise<Begun | null> {
  // Before a provider is asked to confirm that a grant is dead: is this still the grant that is stored?
  if (memory.secret.trouble?.kind === "confirming") memory.reread();
  const { version } = memory.secret;
  let grant: Grant;
  try {
    grant = await memory.grant();
  } catch (error) {
    await notOpened(memory, ports, cause, version, error);
    return null;
  }
  const refreshToken = grant.refresh_token;
  if (refreshToken === null) return null;
  const fingerprint = await ports.digest(refreshToken);

  // No await from here to the write: a secret that was deleted or consented to meanwhile is not touched.
  const record = memory.record;
  const secret = record?.secret;
  if (record === null || secret == null || secret.version !== version || !canRefresh(secret)) return null;
  const attempt = { id: crypto.randomUUID(), version, fingerprint, sentAt: ports.now() };
  // Inside an alarm the platform itself wakes the actor again if the process dies, so the alarm needs no row of its own.
  const alarm = cause.trigger === "alarm" ? "keep" : "set";
  // An attempt still open here is one whose outcome could not be stored: its answer is lost, too.
  const before = secret.attempt === null ? secret : afterLostAnswer(secret, ports.now(), ports.random());
  await memory.write({ ...record, secret: beginAttempt(before, attempt) }, alarm);
  return { attemptId: attempt.id, secret, grant, refreshToken };
}

async function notOpened(memory: Memory, ports: Ports, cause: Cause, version: number, error: unknown): Promise<void> {
  const record = memory.record;
  // A consent that came first brought a grant that does open.
  if (record?.secret?.version !== version) return;
  const { refusal } = refused(null, "retry", "storage_integrity");
  await memory.write({ ...record, secret: afterRefusal(record.secret, refusal, ports.now(), ports.random()) });
  alert(ports, record.id, cause, "storage_integrity", error);
}

function alert(ports: Ports, secretId: SecretId, cause: Cause, what: string, error: unknown): void {
  ports.log({ kind: "alert", what, secret_id: secretId, request_id: cause.requestId, internal: String(error) });
}

async function ask(memory: Memory, ports: Ports, begun: Begun): Promise<Outcome> {
  const { secret, grant, refreshToken } = begun;
  // As last seen, when D1 does not answer.
  const found = await lookUpClient(ports, secret.authClientId);
  const client = found === undefined ? (memory.record?.client ?? null) : found;
  if (client === null) {
    return found === null
      ? refused(null, "config_error", "client_gone")
      : refused(null, "retry", "storage_unavailable");
  }

  let registration;
  try {
    registration = await openRegistration(ports.cipher, client);
  } catch {
    return refused(client, "retry", "storage_integrity");
  }
  const left = secret.expiresAt === null ? Number.POSITIVE_INFINITY : secret.expiresAt - ports.now();
  const timeoutMs = left > PATIENT_TIMEOUT_MS ? PATIENT_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
  const heard = await ports.sendTokenRequest({ kind: "refresh", registration, refreshToken }, timeoutMs);
  if (heard.kind === "refused") return await refusedBy(ports, heard.refusal, client);
  const sealed = await memory.seal(secret, secret.version + 1, continued(grant, heard.grant));
  return { kind: "granted", heard, sealed, client, policy: policyOf(client, registration) };
}

/** A client that was corrected while the provider refused it as it had been is tried again, as if the correction had come after. */
async function refusedBy(ports: Ports, refusal: Refusal, client: SealedAuthClient): Promise<Outcome> {
  const newest = refusal.class === "config_error" ? await lookUpClient(ports, client.id) : null;
  const isOutdated = newest != null && newest.version > client.version;
  return { kind: "refused", refusal, client: newest ?? client, isOutdated };
}

function afterOutcome(secret: Secret, outcome: Outcome, ports: Ports): Secret {
  const now = ports.now();
  if (outcome.kind === "refused") {
    const after = afterRefusal(secret, outcome.refusal, now, ports.random());
    return outcome.isOutdated ? afterClientChange(after, now) : after;
  }
  const { issuedAt, expiresAt, refreshTokenExpiresAt, grant } = outcome.heard;
  const hasRefreshToken = grant.refresh_token !== null;
  const times = { issuedAt, expiresAt, hasRefreshToken, refreshTokenExpiresAt, arrivedAt: now };
  return { ...withNewGrant(secret, times, outcome.policy, ports.random()), lastRefreshedAt: now };
}

function refused(client: SealedAuthClient | null, refusal: Refusal["class"], reason: Refusal["reason"]) {
  return {
    kind: "refused",
    refusal: { class: refusal, reason, retryAfterSeconds: null },
    client,
    isOutdated: false,
  } as const;
}

/** Joins a renewed grant to the one before: what the provider did not repeat still holds (RFC 6749 5.1, 6). */
function continued(before: Grant, renewed: Grant): Grant {
  return {
    ...renewed,
    scope: renewed.scope ?? before.scope,
    subject: renewed.subject ?? before.subject,
    undefined_params: boundedMembers({ ...before.undefined_params, ...renewed.undefined_params }),
  };
}
