/**
 * What tests say to the control routes of the other OAuth server and hear from them. Types alone, so that tests inside workerd can share
 * them with the server in Node.
 */

/** What a test may change about a client at any time. */
export interface OAuth2ServerSettings {
  redirect_uris: string[];
  client_secret: string;
  /** Access and refresh tokens are random texts instead of JWTs: only introspection tells what they are. */
  opaque_tokens: boolean;
  /** Token answers are without `expires_in`. */
  expiry_untold: boolean;
  /** Token answers are held back for so long. */
  delay_ms: number;
}

/** One request at an endpoint that wants to know which client asks. */
export interface ServedRequest {
  endpoint: "token" | "introspect" | "revoke";
  /** Empty at the other endpoints. */
  grant_type: string;
  /** Where the client's secret stood. */
  authentication: "basic" | "body" | "none";
  status: number;
}

export interface ServedRequests {
  requests: ServedRequest[];
  /** Of token requests. */
  most_in_flight: number;
}

/** Where tests find the server. */
export interface OAuth2ServerAddress {
  authUri: string;
  tokenUri: string;
  introspectionUri: string;
  revocationUri: string;
  controlUri: string;
}

declare module "vitest" {
  interface ProvidedContext {
    oauth2Server: OAuth2ServerAddress;
  }
}
