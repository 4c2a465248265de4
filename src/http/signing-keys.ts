/** What a client needs to sign: a key is made for one that authenticates by it, and a private key that was brought is tried before it is stored. */

import { type AuthClient, hasTokens } from "../domain/auth-client.ts";
import type { StatedRegistration } from "../domain/oauth2/registration.ts";
import { algorithmOf, signsItself, withKey } from "../domain/oauth2/signing-keys.ts";
import { ServiceError } from "../errors.ts";
import { CREDENTIALS_PATH } from "../jsonapi/document.ts";
import { filledRegistration } from "../jsonapi/registration.ts";
import type { Outside } from "./context.ts";

/** What makes and tries keys. */
export type Keys = Pick<Outside, "newSigningKey" | "privateKeyFault">;

/**
 * Makes sure that a client can sign what it will have to: a key is made where one is missing, and a private key that was brought has to open.
 * @throws {ServiceError} `invalid_document`
 */
export async function ableToSign(client: AuthClient, outside: Keys): Promise<AuthClient> {
  if (!hasTokens(client.type)) return client;
  const stated = registrationIn(client);
  const { flavour = {}, grant_type, private_key } = filledRegistration(stated, client.metadata ?? null);
  if (grant_type === "jwt_bearer" && private_key !== undefined) {
    const fault = await outside.privateKeyFault(private_key, flavour.assertion?.alg);
    const pointer = `/${[...CREDENTIALS_PATH, "private_key"].join("/")}`;
    if (fault !== null) throw new ServiceError("invalid_document", [{ detail: `"private_key" ${fault}.`, pointer }]);
  }
  const alg = algorithmOf(flavour);
  if (!signsItself(flavour) || stated.keys?.some((key) => key.alg === alg) === true) return client;
  const keys = withKey(stated.keys ?? [], await outside.newSigningKey(alg, Date.now()));
  return { ...client, credentials: { ...stated, keys } };
}

/** Gives what is stated of a client with tokens. */
export function registrationIn({ credentials }: AuthClient): StatedRegistration {
  return credentials as StatedRegistration;
}
