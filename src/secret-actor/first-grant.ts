/**
 * Fetches the grant of a secret to which nobody consents (RFC 6749 4.4, RFC 7523 2.1), while whoever makes or changes the secret waits for it.
 * Stores nothing: a refusal leaves everything as it was.
 */

import { notFetched } from "../domain/health.ts";
import { firstRequestOf } from "../domain/oauth2/renewal.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import type { Heard } from "../domain/oauth2/response.ts";
import { fieldProblems, variablesOf } from "../domain/oauth2/variables.ts";
import type { Secret } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import { askProvider, tellWhereItLeads } from "./ask.ts";
import type { Ports } from "./ports.ts";
import { takeTurn } from "./turn.ts";

/** The longest that the caller waits, the turn included. */
const PATIENCE_MS = 20_000;
const SECOND = 1000;
const POINTER = "/data/attributes/credentials/fields";

/** What was fetched, and the client as it is known since. */
interface Fetched {
  heard: Heard & { kind: "granted" };
  client: SealedAuthClient;
}

/** Holds `fields` against the variables of a client's URIs. @throws {ServiceError} `invalid_document` */
export function requireFields(
  uris: readonly string[],
  { flavour }: OAuth2Registration,
  fields: Record<string, unknown> | null,
): void {
  const problems = fieldProblems(uris, flavour?.hosts, fields, POINTER);
  if (problems.length > 0) throw new ServiceError("invalid_document", problems);
}

/**
 * Asks for a grant. `secret` says for whom, with which scopes and fields.
 * @throws {ServiceError} `client_misconfigured`, `provider_refused`, `provider_unreachable`; `invalid_document` for fields that a URI needs
 */
export async function fetchGrant(
  ports: Ports,
  secret: Secret,
  client: SealedAuthClient,
  registration: OAuth2Registration,
  requestId: string,
): Promise<Fetched> {
  const giveUpAt = ports.now() + PATIENCE_MS;
  const variables = variablesOf(secret.fields, null);
  requireFields([registration.token_uri], registration, secret.fields);
  const request = firstRequestOf(registration, secret.scopes ?? [], variables);
  const turn = await takeTurn(ports, crypto.randomUUID(), secret, request);
  if (turn.kind === "held_back") {
    const seconds = (turn.until - ports.now()) / SECOND;
    throw notFetched({ class: "retry", reason: "provider_unreachable", retryAfterSeconds: Math.ceil(seconds) });
  }
  try {
    const left = Math.max(SECOND, giveUpAt - ports.now());
    const { heard, client: known } = await askProvider(ports, client, request, left);
    turn.end(heard);
    if (heard.kind === "granted") return { heard, client: known };
    tellWhereItLeads(ports, secret.id, { requestId }, heard.refusal);
    throw notFetched(heard.refusal);
  } finally {
    turn.end(null);
  }
}
