/**
 * What tests say to the provider's control routes and hear from them. Types alone, so that tests inside workerd can share them
 * with the provider in Node.
 */

/** What goes wrong at the token endpoint; the real answer stands unless `status`, `body` or `drop_connection` replaces it. */
export interface TokenFault {
  /** How many requests it is played for; until cleared when left out. */
  times?: number;
  /** Played only for requests with this grant type. */
  grant_type?: string;
  /** Holds the request back before it is processed. When its caller has hung up by then, it never is. */
  hold_ms?: number;
  /** Holds the answer back, or until it is released; a real answer was made before, so its rotation has happened. */
  delay_ms?: number;
  /** Answered instead of the real one; 200 when only `body` is given. */
  status?: number;
  /** Added to the answer; a scripted body is `application/json` unless these say otherwise. */
  headers?: Record<string, string>;
  body?: string;
  /** Lets the real provider process the request first, then throws its answer away: it has rotated, nobody has heard. */
  commit?: boolean;
  /** Destroys the connection instead of answering, or in the middle of `body` when there is one. */
  drop_connection?: boolean;
  /** Removes these members from the real JSON answer. */
  omit_members?: string[];
}

/** One request at the token endpoint. */
export interface TokenCall {
  /** When it arrived, ISO 8601. */
  at: string;
  grant_type: string;
  /** The status that was answered; 0 while unanswered and for ever after a dropped connection. */
  status: number;
  /** When the provider's answer was ready, and what it spends spent; absent when an earlier one was given again. */
  processed_at?: string;
  /** When it was answered; absent like the status. */
  answered_at?: string;
  client_id: string;
  body_keys: string[];
  /** Hex. */
  refresh_token_sha256?: string;
  /** Hex, of the refresh token in the provider's answer, whether or not anybody heard it. */
  issued_sha256?: string;
}

/** How the provider treats a client. */
export interface ClientSettings {
  access_token_seconds: number;
  rotate: boolean;
  /** For this long a refresh that is asked for once more gets the answer of the first time; 0, the default, is no time. */
  reuse_window_seconds: number;
}

/** What is registered of a client. */
export interface ClientMetadata {
  redirect_uris?: string[];
  grant_types?: string[];
  /** Public keys of a client that signs. */
  jwks?: { keys: object[] };
}

/** A registration for the code flow with refresh; `client_secret_post` and rotation unless it says otherwise. */
export interface ClientRequest extends Partial<ClientSettings>, ClientMetadata {
  token_endpoint_auth_method?: string;
}

/** What a test may change about a client at any time. */
export interface ClientChanges extends Partial<ClientSettings>, ClientMetadata {
  client_secret?: string;
}

export interface ClientCredentials {
  client_id: string;
  /** Empty for a public client. */
  client_secret: string;
}

export interface TokenCalls {
  token_requests: TokenCall[];
  most_in_flight: number;
}

/** Where tests find the provider. */
export interface ProviderAddress {
  authUri: string;
  tokenUri: string;
  controlUri: string;
}

declare module "vitest" {
  interface ProvidedContext {
    provider: ProviderAddress;
    /** One more, which takes client secrets as Basic alone. */
    basicProvider: ProviderAddress;
  }
}
