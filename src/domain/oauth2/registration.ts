/**
 * An app's registration at a provider: what somebody states of it, and what it comes to together with the provider's preset and what its
 * issuer tells. Pure.
 */

import type { ClientAuth, Flavour } from "./flavour.ts";
import type { ProviderMetadata } from "./metadata.ts";
import type { Preset } from "./preset.ts";

/** How a grant comes to be (RFC 6749 4.1, 4.4; RFC 7523 2.1). */
export type GrantType = (typeof GRANT_TYPES)[number];
export const GRANT_TYPES = ["authorization_code", "client_credentials", "jwt_bearer"] as const;

/** A key that assertions are signed with. Private; never shown. */
export interface SigningKey {
  kid: string;
  alg: string;
  /** A private JWK (RFC 7517). */
  jwk: Record<string, string>;
  /** Milliseconds since the epoch. */
  created_at: number;
}

/** The members that hold client secrets. */
export type SecretName = "client_secret" | "next_client_secret";

/** What is stated, and sealed: it says what is sent where. Members have their RFC 6749 names; `token_expires_in` is in seconds. */
export interface StatedRegistration {
  client_id: string;
  /** Absent for public clients, and for those that sign assertions. */
  client_secret?: string;
  /** Tried when the other is refused: so a secret is rotated without a gap. */
  next_client_secret?: string;
  auth_uri?: string;
  token_uri?: string;
  refresh_token_uri?: string;
  token_expires_in?: number;
  /** Signs the assertions of `jwt_bearer`: PKCS #8 in PEM. */
  private_key?: string;
  /** What the provider calls that key. */
  private_key_id?: string;
  /** The name of a preset. */
  provider?: string;
  /** Whose metadata fills in what is not stated (RFC 8414). */
  issuer?: string;
  /** Absent: that of the preset, or `authorization_code`. */
  grant_type?: GrantType;
  flavour?: Flavour;
  /** Made here for `private_key_jwt`. */
  keys?: SigningKey[];
}

/** What it comes to: everything that is needed to talk to the provider. URIs may hold variables. */
export interface OAuth2Registration extends StatedRegistration {
  /** Empty where nobody is asked for consent. */
  auth_uri: string;
  token_uri: string;
  refresh_token_uri: string;
  /** What the issuer tells; null: there is no issuer, or nothing is known of it yet. */
  metadata?: ProviderMetadata | null;
}

/** Joins what is stated, the preset and the issuer's metadata; what comes first wins. */
export function registrationOf(
  stated: StatedRegistration,
  preset: Preset | null,
  metadata: ProviderMetadata | null,
): OAuth2Registration {
  const token_uri = stated.token_uri ?? preset?.token_uri ?? metadata?.token_endpoint ?? "";
  const lifetime = stated.token_expires_in ?? preset?.token_expires_in;
  return {
    ...stated,
    auth_uri: stated.auth_uri ?? preset?.auth_uri ?? metadata?.authorization_endpoint ?? "",
    token_uri,
    // Where codes go somewhere else than the preset has it, refresh tokens do, too.
    refresh_token_uri: stated.refresh_token_uri ?? stated.token_uri ?? preset?.refresh_token_uri ?? token_uri,
    ...(lifetime !== undefined && { token_expires_in: lifetime }),
    grant_type: stated.grant_type ?? preset?.grant_type ?? "authorization_code",
    flavour: joinedFlavour(stated, preset?.flavour, metadata),
    metadata,
  };
}

/** `errors` are joined code by code; of every other setting the first that is stated counts. */
function joinedFlavour(
  stated: StatedRegistration,
  preset: Flavour = {},
  metadata: ProviderMetadata | null = null,
): Flavour {
  const own = stated.flavour ?? {};
  const errors = { ...preset.errors, ...own.errors };
  return {
    ...flavourOfMetadata(metadata, stated),
    ...preset,
    ...own,
    ...(Object.keys(errors).length > 0 && { errors }),
  };
}

/** What metadata tells of a provider's flavour (RFC 8414 2, RFC 7636 4.2), for a client of this registration. */
export function flavourOfMetadata(metadata: ProviderMetadata | null, stated: StatedRegistration): Flavour {
  if (metadata === null) return {};
  const { revocation_endpoint, introspection_endpoint, code_challenge_methods_supported } = metadata;
  const client_auth = clientAuthOf(metadata, stated);
  return {
    ...(client_auth !== null && { client_auth }),
    ...(code_challenge_methods_supported?.includes("S256") === false && { pkce: "off" }),
    ...(revocation_endpoint !== undefined && { revoke_uri: revocation_endpoint }),
    ...(introspection_endpoint !== undefined && { introspect_uri: introspection_endpoint }),
  };
}

/** Chooses how the client authenticates, of what its provider supports and it can do; null when that is nothing. */
function clientAuthOf(
  { token_endpoint_auth_methods_supported: supported = ["client_secret_basic"] }: ProviderMetadata,
  { client_secret, keys, grant_type }: StatedRegistration,
): ClientAuth | null {
  if (client_secret !== undefined && supported.includes("client_secret_post")) return "body";
  if (client_secret !== undefined && supported.includes("client_secret_basic")) return "basic";
  const signs = keys !== undefined || (client_secret === undefined && grant_type !== "jwt_bearer");
  if (signs && supported.includes("private_key_jwt")) return "private_key_jwt";
  return client_secret === undefined && supported.includes("none") ? "none" : null;
}

/** Lists the URIs that a registration needs for its grants and does not have. */
export function missingUris({ grant_type, auth_uri, token_uri }: OAuth2Registration): ("auth_uri" | "token_uri")[] {
  const isAsked = grant_type === undefined || grant_type === "authorization_code";
  return [
    ...(isAsked && auth_uri === "" ? (["auth_uri"] as const) : []),
    ...(token_uri === "" ? (["token_uri"] as const) : []),
  ];
}

/** Decides whether a client has no secret to prove who it is: neither to send, nor to sign a header with. */
export function isSecretless({ client_auth, headers = {} }: Flavour): boolean {
  if (Object.values(headers).some((value) => value.includes("{{signature}}"))) return false;
  return client_auth === "none" || client_auth === "private_key_jwt";
}
