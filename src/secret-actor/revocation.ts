/**
 * What happens to the tokens of a secret that is about to be deleted: they are taken back at the provider, where it says where (RFC 7009).
 * Best effort and bounded: nothing stays alive that somebody wants gone because its provider is slow.
 */

import { hasTokens } from "../domain/auth-client.ts";
import { inUseOf } from "../domain/oauth2/client-secrets.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import { variablesOf } from "../domain/oauth2/variables.ts";
import type { Secret } from "../domain/secret.ts";
import type { Revoked } from "../outbound/revocation.ts";
import { openRegistration } from "../store/auth-clients.ts";
import { lookUpClient } from "./look-up.ts";
import type { Memory } from "./memory.ts";
import { type Cause, type Ports, tellOperators } from "./ports.ts";

/** A deletion waits no longer than this, whatever happens. */
const MOST_MS = 5000;
/** For a refresh that is under way: its tokens are the ones to revoke. */
const FLIGHT_MS = 2000;

/** Revokes the tokens of the secret and tells the log what came of it; gives that, and null where there was nothing to revoke. Rejects for nothing. */
export async function revokeGrant(
  memory: Memory,
  ports: Ports,
  cause: Pick<Cause, "requestId">,
  flight: Promise<void> | null,
): Promise<Revoked | null> {
  const { secret } = memory;
  if (!hasTokens(secret.type)) return null;
  const startedAt = ports.now();
  let said = null as Revoked | null;
  const work = async () => {
    const registration = await findRegistration(memory, ports, secret);
    if (registration?.flavour?.revoke_uri === undefined) return;
    said = { outcome: "failed", reason: "timeout" };
    if (flight !== null)
      await ports.waitFor(
        flight.catch(() => undefined),
        FLIGHT_MS,
      );
    const { access_token, refresh_token, undefined_params } = await memory.grant();
    const variables = variablesOf(secret.fields, undefined_params["callback"]);
    const revocation = { registration, variables, accessToken: access_token, refreshToken: refresh_token };
    said = await ports.revokeTokens(revocation, Math.max(1, startedAt + MOST_MS - ports.now()));
  };
  const failed = (error: unknown) => {
    said = null;
    // Whoever deleted it meanwhile has seen to its tokens.
    if (memory.record === null) return;
    said = { outcome: "failed", reason: "storage_integrity" };
    tellOperators(ports, secret.id, cause, "revocation_failed", error);
  };
  await ports.waitFor(work().catch(failed), MOST_MS);
  if (said === null) return null;
  ports.log({
    kind: "revocation",
    request_id: cause.requestId,
    workspace_id: secret.workspaceId,
    secret_id: secret.id,
    ...said,
    duration_ms: ports.now() - startedAt,
  });
  return said;
}

/** Opens the registration, with the secret that the provider takes; the actor's own copy when D1 does not answer. */
async function findRegistration(
  memory: Memory,
  ports: Ports,
  { authClientId }: Secret,
): Promise<OAuth2Registration | null> {
  const client = (await lookUpClient(ports, authClientId)) ?? memory.record?.client;
  if (client == null) return null;
  const registration = await openRegistration(ports.cipher, client);
  const client_secret = registration[inUseOf(client)];
  return client_secret === undefined ? registration : { ...registration, client_secret };
}
