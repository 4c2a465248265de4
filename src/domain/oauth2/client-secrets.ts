/**
 * The secrets of a client, of which there may be two while one takes the place of the other: in which order they are tried, and which refusals
 * are a reason to try the next. Pure.
 */

import { type Flavour, flavourFor } from "./flavour.ts";
import { isSecretless, type OAuth2Registration, type SecretName } from "./registration.ts";
import type { TokenRequest } from "./request.ts";
import type { Heard, Refusal } from "./response.ts";

/** Codes by which providers refuse a client itself (RFC 6749 5.2), and their own ones. */
const OF_AUTHENTICATION = new Set<string>(["invalid_client", "unauthorized_client", "provider_refused"]);

/** Gives the secret that worked last, as far as a client tells. */
export function inUseOf({ secretInUse }: { secretInUse?: SecretName }): SecretName {
  return secretInUse ?? "client_secret";
}

/** Lists the secrets to try for a request, the one that is known to work first. One entry where there is no other to try. */
export function secretsToTry({ kind, registration }: TokenRequest, inUse: SecretName): [SecretName, ...SecretName[]] {
  const hasTwo = registration.client_secret !== undefined && registration.next_client_secret !== undefined;
  if (!hasTwo || isSecretless(flavourFor(registration.flavour, kind))) return ["client_secret"];
  return inUse === "client_secret" ? ["client_secret", "next_client_secret"] : ["next_client_secret", "client_secret"];
}

/** Makes the same request with one of the secrets. */
export function withSecret<Request extends TokenRequest>(request: Request, name: SecretName): Request {
  const client_secret = request.registration[name];
  if (client_secret === undefined) return request;
  return { ...request, registration: { ...request.registration, client_secret } };
}

/** Decides whether a refusal may be about the client's secret: by the standard's codes, or because the flavour says so of this one. */
export function isAboutSecret({ class: kind, reason }: Refusal, flavour: Flavour | undefined): boolean {
  if (kind !== "config_error") return false;
  return OF_AUTHENTICATION.has(reason) || isConfigError(flavour, reason);
}

/** Decides whether an answer proves that the provider took the client's secret, whatever it said of the grant. */
export function isProof(heard: Heard): boolean {
  return heard.kind === "granted" || heard.refusal.class === "reauthorize" || heard.refusal.class === "too_early";
}

function isConfigError({ errors = {} }: Flavour = {}, code: string): boolean {
  const rules = Object.hasOwn(errors, code) ? errors[code] : undefined;
  return rules === "config_error" || (Array.isArray(rules) && rules.some((rule) => rule.class === "config_error"));
}

/** Gives which secret counts as the one in use after a change of the registration: a secret that was put in place of another is not known yet. */
export function inUseAfter(
  before: Pick<OAuth2Registration, SecretName>,
  after: Pick<OAuth2Registration, SecretName>,
  inUse: SecretName,
): SecretName {
  const isSame = before.client_secret === after.client_secret && before.next_client_secret === after.next_client_secret;
  return isSame ? inUse : "client_secret";
}
