/** How a provider differs from the standard, as data on the auth client. Every setting has a default; nothing here is code of theirs. */

import type { RefusalClass } from "./response.ts";

/** How a client proves at the token endpoint that it is who it says (RFC 6749 2.3, RFC 7523 2.2). */
export type ClientAuth = (typeof CLIENT_AUTHS)[number];
export const CLIENT_AUTHS = ["body", "basic", "basic_secret_only", "bearer_secret", "none", "private_key_jwt"] as const;

/** How an answer tells when a token expires: in how long (`s`, `ms`), or at which instant. */
export type ExpiresUnit = (typeof EXPIRES_UNITS)[number];
export const EXPIRES_UNITS = ["s", "ms", "epoch", "epoch_ms", "rfc3339"] as const;

/** Members of a token answer that may have another name. */
export const ANSWER_FIELDS = [
  "access_token",
  "refresh_token",
  "token_type",
  "scope",
  "expires_in",
  "id_token",
  "refresh_token_expires_in",
] as const;
export type AnswerField = (typeof ANSWER_FIELDS)[number];

/** Algorithms that assertions are signed with (RFC 7518 3.1). */
export const ASSERTION_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"] as const;
export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number];

/** A dotted way into an answer: `authed_user.scope`, `errors.0.errorType`; empty: the answer itself. */
type Path = string;

/** What may be another at a refresh than at every other request. */
export interface RequestFlavour {
  client_auth?: ClientAuth | undefined;
  /** `client_id` stands in the body beside Basic. */
  also_send_client_id?: boolean | undefined;
  body_format?: "form" | "json" | undefined;
  /** With GET everything stands in the query. */
  method?: "POST" | "GET" | undefined;
  /** The standard's names of parameters, and the provider's. */
  param_names?: Record<string, string> | undefined;
  /** The standard's names of parameters that are not sent. */
  omit_params?: string[] | undefined;
  headers?: Record<string, string> | undefined;
  /** Where in an answer its tokens are: of several paths the first that holds an access token. */
  response_root?: Path | Path[] | undefined;
  /** Where under the root each member is. */
  field_names?: { [Field in AnswerField]?: Path | undefined } | undefined;
  /** What an answer holds that tells of a success. */
  success?: { path: Path; equals: string | number | boolean } | undefined;
}

/** Where and how the token of a code is exchanged for one that lives longer; sent as the parameter `refresh_token`, as at a refresh. */
export interface UpgradeFlavour extends RequestFlavour {
  uri: string;
  grant_type: string;
}

/** The settings. Names are as on the wire. */
export interface Flavour extends RequestFlavour {
  authorize_params?: Record<string, string> | undefined;
  /** Sent with every token request but a refresh. */
  token_params?: Record<string, string> | undefined;
  refresh_params?: Record<string, string> | undefined;
  scope_separator?: string | undefined;
  /** Scopes stand in the authorization URL as they are, not encoded. */
  raw_scope?: boolean | undefined;
  /** Scopes that are always asked for. */
  default_scopes?: string[] | undefined;
  refresh_with_scope?: boolean | undefined;
  pkce?: "S256" | "off" | undefined;
  /** The parameter of the callback that holds the code. */
  code_param?: string | undefined;
  /** Parameters of the callback that are kept with the grant. */
  callback_extra?: string[] | undefined;
  /** What a provider's error codes mean, before the standard is asked: a class, or rules of which the first that matches counts. */
  errors?: Record<string, RefusalClass | ErrorRule[]> | undefined;
  /** Where an answer's error code is: of several paths the first that holds one. */
  error_path?: Path | Path[] | undefined;
  expires_field?: Path | undefined;
  expires_unit?: ExpiresUnit | undefined;
  /** `expires_in: 0` says that a token never expires. */
  zero_means_never?: boolean | undefined;
  /** A refresh that succeeds without a token makes the one at hand live longer. */
  refresh_returns_no_token?: boolean | undefined;
  /** Any other than `refresh_token` exchanges the access token itself. */
  refresh_grant_type?: string | undefined;
  /** The variables in URIs, and what each may be. */
  hosts?: Record<string, string | HostRule> | undefined;
  /** What a provider calls the redirect URI: sent in its place. */
  redirect_uri_name?: string | undefined;
  /** The token of a code is exchanged at once for one that lives longer. */
  upgrade?: UpgradeFlavour | undefined;
  /** RFC 7009. */
  revoke_uri?: string | undefined;
  /** RFC 7662. */
  introspect_uri?: string | undefined;
  /** A grant that has rested for so long is renewed, however long its token lives: idle grants die at some providers. */
  keepalive_seconds?: number | undefined;
  /** No copies of tokens are kept at the edge when this is false. */
  edge_cache?: boolean | undefined;
  /** The redirect URI is the one that all such clients have. */
  shared_callback?: boolean | undefined;
  /** What differs at a refresh. */
  refresh?: RequestFlavour | undefined;
  /** What the assertion of `private_key_jwt` says. */
  client_assertion?: Omit<AssertionFlavour, "claims"> | undefined;
  /** What the assertion of the grant type `jwt_bearer` says. */
  assertion?: AssertionFlavour | undefined;
}

/** What one code means; `text` narrows it to descriptions that hold this, whatever their case. */
export interface ErrorRule {
  class: RefusalClass;
  text?: string | undefined;
}

/** What a variable in a URI may be. */
export interface HostRule {
  /** A simple regular expression for the whole value. */
  pattern?: string | undefined;
  /** What is said, and what is put in for it. */
  values?: Record<string, string> | undefined;
  /** What is put in where nothing is said. */
  default?: string | undefined;
}

/** What an assertion says (RFC 7523 3). Texts may hold variables. */
export interface AssertionFlavour {
  alg?: AssertionAlgorithm | undefined;
  iss?: string | undefined;
  sub?: string | undefined;
  aud?: string | undefined;
  lifetime_seconds?: number | undefined;
  /** Further claims. */
  claims?: Record<string, string> | undefined;
}

/** Decides whether an access token is renewed by exchanging itself. */
export function exchangesItself({ refresh_grant_type: grantType = "refresh_token" }: Flavour = {}): boolean {
  return grantType !== "refresh_token";
}

/** Gives the settings that count for one kind of request. */
export function flavourFor(flavour: Flavour | undefined, kind: string): Flavour {
  switch (kind) {
    case "refresh":
      return { ...flavour, ...flavour?.refresh };
    case "upgrade":
      return { ...flavour, ...flavour?.upgrade };
    default:
      return flavour ?? {};
  }
}

/** Finds the class that a flavour gives to a provider's code; null when the standard decides. `said` are the texts around it. */
export function flavouredClass(flavour: Flavour | undefined, code: unknown, said: unknown): RefusalClass | null {
  if (typeof code !== "string" || flavour?.errors === undefined || !Object.hasOwn(flavour.errors, code)) return null;
  const rules = flavour.errors[code];
  if (typeof rules === "string") return rules;
  const text = typeof said === "string" ? said.toLowerCase() : "";
  return rules?.find((rule) => rule.text === undefined || text.includes(rule.text.toLowerCase()))?.class ?? null;
}
