/**
 * Assertions (RFC 7523): signed statements by which a client proves who it is (2.2), or asks for a grant in somebody's name (2.1). What they say
 * is the flavour's to decide.
 */

import { SignJWT } from "jose";
import * as oauth from "oauth4webapi";
import type { AssertionFlavour } from "../domain/oauth2/flavour.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import { type TokenRequest, tokenEndpoint } from "../domain/oauth2/request.ts";
import { algorithmOf, signingKey } from "../domain/oauth2/signing-keys.ts";
import { saidWith, type Variables } from "../domain/oauth2/variables.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { openPem, openSigningKey } from "./signing-key.ts";

/** How long an assertion counts, in seconds: one that is sent at once, and one by which a grant is asked for. */
const CLIENT_LIFETIME_SECONDS = 60;
const BEARER_LIFETIME_SECONDS = 300;

/** What an assertion is made with. */
export interface Signing {
  /** Milliseconds since the epoch. */
  now: number;
  /** Where people and providers reach this service; null: not known. */
  publicUrl: string | null;
}

/** Under what a request is sent: the rules for addresses, how long it may take, the clock, and as whom. */
export interface Limits {
  policy: EgressPolicy;
  timeoutMs: number;
  now: () => number;
  publicUrl?: string | null;
}

/** Gives what assertions of a request are made with. */
export function signingOf({ now, publicUrl = null }: Pick<Limits, "now" | "publicUrl">): Signing {
  return { now: now(), publicUrl };
}

/** Thrown where something is to be signed and there is no key that can. */
export class NoKey extends Error {
  override name = "NoKey";
}

/**
 * Gives the authentication of a client by `private_key_jwt`. Its audience is the issuer where one is named, else the token endpoint.
 * Using it throws `NoKey` where there is none.
 */
export function clientAssertion(registration: OAuth2Registration, { now, publicUrl }: Signing): oauth.ClientAuth {
  const { flavour = {}, keys = [], issuer } = registration;
  return async (server, client, body, headers) => {
    const key = signingKey(keys, algorithmOf(flavour), now);
    if (key === null) throw new NoKey("There is no key of this client's algorithm.");
    const variables = {
      client_id: registration.client_id,
      ...(publicUrl !== null && { "redirect_uri.host": new URL(publicUrl).host }),
    };
    const said = { aud: issuer ?? server.token_endpoint ?? "", ...statedIn(flavour.client_assertion, variables) };
    const lifetime = flavour.client_assertion?.lifetime_seconds ?? CLIENT_LIFETIME_SECONDS;
    const sign = oauth.PrivateKeyJwt(
      { key: await openSigningKey(key), kid: key.kid },
      {
        [oauth.modifyAssertion]: (_, payload) =>
          Object.assign(payload, said, { exp: Number(payload["iat"]) + lifetime }),
      },
    );
    await sign(server, client, body, headers);
  };
}

/**
 * Signs the assertion of a `jwt_bearer` request (RFC 7523 2.1, 3) with the client's own private key. A claim that holds a variable for which
 * nothing is said is left out. Throws `NoKey` where the key does not open.
 * @param now Milliseconds since the epoch.
 */
export async function bearerAssertion(
  request: Extract<TokenRequest, { scopes: readonly string[] }>,
  now: number,
): Promise<string> {
  const { registration, scopes, variables = {} } = request;
  const { flavour = {}, client_id, private_key = "", private_key_id } = registration;
  const { assertion = {} } = flavour;
  const opened = await openPem(private_key, assertion.alg);
  if (opened === null) throw new NoKey("The private key is not one for the algorithm.");
  const said = { ...variables, client_id, scope: scopes.join(flavour.scope_separator ?? " ") };
  const issuedAt = Math.floor(now / 1000);
  const claims = {
    iss: client_id,
    aud: tokenEndpoint(request) ?? "",
    ...statedIn(assertion, said),
    iat: issuedAt,
    exp: issuedAt + (assertion.lifetime_seconds ?? BEARER_LIFETIME_SECONDS),
    jti: crypto.randomUUID(),
  };
  const header = { alg: opened.alg, typ: "JWT", ...(private_key_id !== undefined && { kid: private_key_id }) };
  return await new SignJWT(claims).setProtectedHeader(header).sign(opened.key);
}

/** Fills in the claims that a flavour states. */
function statedIn({ iss, sub, aud, claims }: AssertionFlavour = {}, said: Variables): Record<string, string> {
  const stated = { ...claims, iss, sub, aud };
  const filled = Object.entries(stated).map(([name, text]) => [name, text === undefined ? null : saidWith(text, said)]);
  return Object.fromEntries(filled.filter(([, value]) => value !== null)) as Record<string, string>;
}
