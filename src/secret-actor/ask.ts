/**
 * Asks a provider for tokens: for a refresh, the code of a consent, or a grant to which nobody consents. Where a client has two secrets and the
 * provider refuses the first, the second is tried at once; the one that worked is tried first from then on.
 */

import { inUseOf, isAboutSecret, isProof, secretsToTry, withSecret } from "../domain/oauth2/client-secrets.ts";
import type { SecretName } from "../domain/oauth2/registration.ts";
import { isOfClient, type TokenRequest } from "../domain/oauth2/request.ts";
import type { Heard, Refusal } from "../domain/oauth2/response.ts";
import type { SecretId } from "../domain/ids.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import { type Cause, type Ports, tellOperators } from "./ports.ts";

/** What was heard, and the client as it is known since. */
export interface Asked {
  heard: Heard;
  client: SealedAuthClient;
}

/** With less time left no other secret is tried: tokens that come too late are lost. */
const LEAST_MS = 5000;
/** Refusals that tell of somebody who wants our requests to go elsewhere. */
const SECURITY_REASONS = ["redirect_refused", "address_refused"] as const;

/** Sends a request, with each of the client's secrets in turn while the provider refuses them. `timeoutMs` is for all of it. */
export async function askProvider(
  ports: Ports,
  client: SealedAuthClient,
  request: TokenRequest,
  timeoutMs: number,
): Promise<Asked> {
  const giveUpAt = ports.now() + timeoutMs;
  const { flavour } = request.registration;
  const inUse = inUseOf(client);
  let [tried, ...others] = secretsToTry(request, inUse);
  let heard = await ports.sendTokenRequest(withSecret(request, tried), timeoutMs);
  for (const other of others) {
    const left = giveUpAt - ports.now();
    if (heard.kind === "granted" || !isAboutSecret(heard.refusal, flavour) || left < LEAST_MS) break;
    tried = other;
    heard = await ports.sendTokenRequest(withSecret(request, tried), left);
  }
  const worksNow = tried !== inUse && isProof(heard) ? noted(ports, client, tried) : client;
  return { heard: withoutPerson(request, heard), client: worksNow };
}

/** Remembers which secret works. What goes wrong here costs one more request the next time. */
function noted(ports: Ports, client: SealedAuthClient, secretInUse: SecretName): SealedAuthClient {
  ports.keepAlive(ports.noteSecretInUse(client, secretInUse).catch(() => undefined));
  return { ...client, secretInUse };
}

/** A grant to which nobody consented is never one that somebody has to consent to again: it is the client, or its key, that is refused. */
function withoutPerson(request: TokenRequest, heard: Heard): Heard {
  if (!isOfClient(request) || heard.kind === "granted" || heard.refusal.class !== "reauthorize") return heard;
  return { ...heard, refusal: { ...heard.refusal, class: "config_error" } };
}

/** Tells operators of a token endpoint that leads elsewhere. */
export function tellWhereItLeads(
  ports: Ports,
  id: SecretId,
  cause: Pick<Cause, "requestId">,
  { reason }: Refusal,
): void {
  const told = SECURITY_REASONS.find((each) => each === reason);
  if (told !== undefined) tellOperators(ports, id, cause, told, "The token endpoint leads where no request may go.");
}
