/** What is said to a provider: where the person is sent (RFC 6749 4.1.1) and what is asked of the token endpoint. Sends nothing. */

import type { OAuth2Registration } from "./registration.ts";
import type { Variables } from "./variables.ts";

/** One request to a token endpoint, before it has a shape on the wire. */
export type TokenRequest = Said &
  (
    | {
        kind: "refresh";
        /** What is spent: the refresh token, or where the flavour exchanges access tokens the access token. */
        refreshToken: string;
        /** The token at hand, for providers that let it live longer instead of sending another. */
        accessToken?: string | undefined;
        scopes?: readonly string[] | undefined;
      }
    | {
        kind: "code_exchange";
        /** The query that came back to the callback. */
        callback: URLSearchParams;
        state: string;
        redirectUri: string;
        codeVerifier: string;
      }
    | { kind: "client_credentials" | "jwt_bearer"; scopes: readonly string[] }
  );

/** What every request is made of. */
interface Said {
  registration: OAuth2Registration;
  /** What stands for the variables in URIs. */
  variables?: Variables | undefined;
}

/** Parameters that this service sets itself; nobody may put others in their place. */
export const RESERVED_AUTHORIZE_PARAMS: readonly string[] = [
  "response_type",
  "response_mode",
  "client_id",
  "client_secret",
  "redirect_uri",
  "scope",
  "state",
  "code_challenge",
  "code_challenge_method",
  "request",
  "request_uri",
];

/** The same for token requests: what OAuth 2.0 itself sends (RFC 6749, 7521, 7636), but for what a flavour may say in another way. */
export const RESERVED_TOKEN_PARAMS: readonly string[] = [
  "grant_type",
  "code",
  "redirect_uri",
  "client_id",
  "client_secret",
  "refresh_token",
  "code_verifier",
  "assertion",
  "client_assertion",
  "client_assertion_type",
];

/** Matches names of parameters that hold secrets. */
export const SECRET_PARAM = /^(client_?secret|password|refresh_?token|access_?token|code_?verifier|private_?key)$/i;

/** Gives the token endpoint that a request goes to; its own query is kept. */
export function tokenEndpoint({ kind, registration }: TokenRequest): string {
  return kind === "refresh" ? registration.refresh_token_uri : registration.token_uri;
}

/** Builds the URL that the person is sent to, with `state` and PKCE S256 (RFC 7636 4.3). The query of `auth_uri` is kept. */
export function authorizationUrl(
  registration: OAuth2Registration,
  flow: {
    redirectUri: string;
    state: string;
    codeChallenge: string;
    scopes: string[];
    additionalParams: Record<string, string>;
  },
): string {
  const url = new URL(registration.auth_uri);
  const set = (name: string, value: string) => url.searchParams.set(name, value);
  for (const [name, value] of Object.entries(flow.additionalParams)) set(name, value);
  set("response_type", "code");
  set("client_id", registration.client_id);
  set("redirect_uri", flow.redirectUri);
  if (flow.scopes.length > 0) set("scope", flow.scopes.join(" "));
  set("state", flow.state);
  set("code_challenge", flow.codeChallenge);
  set("code_challenge_method", "S256");
  return url.href;
}
