/** What is said to a provider: where the person is sent (RFC 6749 4.1.1) and what is asked of the token endpoint. Sends nothing. */

import type { OAuth2Registration } from "./registration.ts";
import type { Flavour } from "./flavour.ts";
import { filledUri, type Variables } from "./variables.ts";

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
    /** A token that lives longer, for the one that a code brought. */
    | { kind: "upgrade"; accessToken: string }
  );

/** What every request is made of. */
interface Said {
  registration: OAuth2Registration;
  /** What stands for the variables in URIs. */
  variables?: Variables | undefined;
}

/** Decides whether a request rests on who the client is alone. */
export function isOfClient(request: TokenRequest): boolean {
  return request.kind === "client_credentials" || request.kind === "jwt_bearer";
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

/** Gives the token endpoint that a request goes to; its own query is kept. Null: a variable in it stands for nothing that is allowed. */
export function tokenEndpoint({ kind, registration, variables = {} }: TokenRequest): string | null {
  const { refresh_token_uri, token_uri, flavour } = registration;
  const uris = { refresh: refresh_token_uri, upgrade: flavour?.upgrade?.uri ?? "" };
  const uri = kind === "refresh" || kind === "upgrade" ? uris[kind] : token_uri;
  return filledUri(uri, flavour?.hosts, variables);
}

/**
 * Builds the URL that the person is sent to, with `state` and PKCE S256 (RFC 7636 4.3), as the flavour has it. The query of `auth_uri`
 * is kept. Null: a variable in it stands for nothing that is allowed.
 */
export function authorizationUrl(
  registration: OAuth2Registration,
  flow: {
    redirectUri: string;
    state: string;
    codeChallenge: string;
    scopes: readonly string[];
    additionalParams: Record<string, string>;
    variables?: Variables;
  },
): string | null {
  const { flavour = {} } = registration;
  const uri = filledUri(registration.auth_uri, flavour.hosts, flow.variables ?? {});
  if (uri === null) return null;
  const url = new URL(uri);
  const scope = askedScopes(flavour, flow.scopes).join(flavour.scope_separator ?? " ");
  const isRaw = flavour.raw_scope === true;
  const standard: Record<string, string> = {
    response_type: "code",
    client_id: registration.client_id,
    redirect_uri: flavour.redirect_uri_name ?? flow.redirectUri,
    ...(scope !== "" && { scope }),
    state: flow.state,
    ...(flavour.pkce !== "off" && { code_challenge: flow.codeChallenge, code_challenge_method: "S256" }),
  };
  for (const name of flavour.omit_params ?? []) delete standard[name];
  for (const [name, value] of Object.entries({ ...flavour.authorize_params, ...flow.additionalParams })) {
    url.searchParams.set(name, value);
  }
  const names = flavour.param_names ?? {};
  const nameOf = (name: string) => (Object.hasOwn(names, name) ? names[name] : undefined) ?? name;
  for (const [name, value] of Object.entries(standard)) {
    if (name !== "scope" || !isRaw) url.searchParams.set(nameOf(name), value);
  }
  return isRaw && "scope" in standard ? `${url.href}&${nameOf("scope")}=${unencoded(scope)}` : url.href;
}

/** Gives the scopes that are asked for: those of the flow, and those that the flavour always asks for. */
export function askedScopes({ default_scopes = [] }: Flavour, scopes: readonly string[]): string[] {
  return [...new Set([...scopes, ...default_scopes])];
}

/** Leaves a text as it is but for what would end a parameter. */
function unencoded(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]|[&#]/g, encodeURIComponent);
}
