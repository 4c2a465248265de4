/** With what a token is renewed, and the request that does it. Pure. */

import type { Grant } from "../secret.ts";
import { exchangesItself, type Flavour } from "./flavour.ts";
import type { OAuth2Registration } from "./registration.ts";
import { askedScopes, type TokenRequest } from "./request.ts";
import type { Variables } from "./variables.ts";

/**
 * What a renewal rests on. `refresh_token`: it is spent (RFC 6749 6) · `access_token`: it is exchanged for another, where the flavour says so ·
 * `client`: who the client is, and nothing else (RFC 6749 4.4, RFC 7523 2.1).
 */
export type RenewedWith = "refresh_token" | "access_token" | "client";

/** Decides whether grants come to be without anybody's consent. */
export function needsNobody({
  grant_type: type = "authorization_code",
}: Pick<OAuth2Registration, "grant_type">): boolean {
  return type !== "authorization_code";
}

/** Decides with what a grant is renewed; null: with nothing, so it is not. */
export function renewedWith(
  registration: Pick<OAuth2Registration, "grant_type" | "flavour">,
  refreshToken: string | null,
): RenewedWith | null {
  if (needsNobody(registration)) return "client";
  if (exchangesItself(registration.flavour)) return "access_token";
  return refreshToken === null ? null : "refresh_token";
}

/**
 * Makes the request that renews a grant; null when there is nothing to renew it with. `scopes` are those that were asked for; null: nobody
 * knows, and those that were granted are asked for again, or none where the grant is the client's own.
 */
export function renewalOf(
  registration: OAuth2Registration,
  { access_token, refresh_token, scope }: Pick<Grant, "access_token" | "refresh_token" | "scope">,
  scopes: readonly string[] | null,
  variables: Variables,
): TokenRequest | null {
  const { flavour = {} } = registration;
  const asked = scopes === null ? scopesIn(scope, flavour) : askedScopes(flavour, scopes);
  const said = { registration, variables, scopes: asked };
  switch (renewedWith(registration, refresh_token)) {
    case "client":
      // What was never asked for is not asked for now: nobody knows whether what was granted may be named.
      return firstRequestOf(registration, scopes ?? [], variables);
    case "access_token":
      return { kind: "refresh", refreshToken: access_token, accessToken: access_token, ...said };
    case "refresh_token":
      return { kind: "refresh", refreshToken: refresh_token ?? "", accessToken: access_token, ...said };
    case null:
      return null;
  }
}

/** Makes the request for a grant to which nobody consents. */
export function firstRequestOf(
  registration: OAuth2Registration,
  scopes: readonly string[],
  variables: Variables,
): TokenRequest & { kind: "client_credentials" | "jwt_bearer" } {
  const kind = registration.grant_type === "jwt_bearer" ? "jwt_bearer" : "client_credentials";
  return { kind, registration, variables, scopes: askedScopes(registration.flavour ?? {}, scopes) };
}

/** Gives what of a grant identifies a renewal: what it is renewed with, or, where that is the client, the token that it replaces. */
export function identityOf(grant: Pick<Grant, "access_token" | "refresh_token">, by: RenewedWith): string {
  return (by === "refresh_token" ? grant.refresh_token : null) ?? grant.access_token;
}

/** Splits the scopes of a grant: at the flavour's own separator, or at spaces (RFC 6749 3.3). */
function scopesIn(scope: string | null, { scope_separator: own = " " }: Flavour): string[] {
  const separator = scope?.includes(own) === true ? own : " ";
  return (scope ?? "")
    .split(separator)
    .map((each) => each.trim())
    .filter((each) => each !== "");
}
