/** An auth client: an app's registration at a provider, and who may use it. Knows no storage and no wire format. */

import type { AuthClientId } from "./ids.ts";
import type { ProviderMetadata } from "./oauth2/metadata.ts";
import type { GrantType, OAuth2Registration, SecretName, StatedRegistration } from "./oauth2/registration.ts";
import { needsNobody } from "./oauth2/renewal.ts";
import type { Place } from "./place.ts";
import type { Policy } from "./refresh-schedule.ts";

/** What kind of credentials a client and its secrets have: `oauth2`, `basic`, `api_key`, `noauth`, or a custom type's name. */
export type AuthType = string;

/** Matches names of types. */
export const AUTH_TYPE = /^[a-z0-9_]{1,40}$/;

/** Decides whether secrets of a type hold tokens, which expire and are renewed. */
export function hasTokens(type: AuthType): boolean {
  return type === "oauth2";
}

/** What decides which credentials a secret has: what its client says of itself. */
export type Kind = Pick<AuthClient, "type" | "grantType">;

/** Decides whether the tokens of a secret are fetched for it, because nobody has to consent. */
export function isFetched({ type, grantType }: Kind): boolean {
  return hasTokens(type) && needsNobody({ grant_type: grantType });
}

/** What a client of another type than `oauth2` knows: anything that its components want. */
export type FreeCredentials = Record<string, unknown>;

export interface AuthClient {
  id: AuthClientId;
  place: Place;
  type: AuthType;
  name: string;
  components: string[];
  /** A `StatedRegistration` where the type has tokens. */
  credentials: StatedRegistration | FreeCredentials;
  /** The name of its preset, its issuer and how its grants come to be, as its registration has them: for lists and look-ups. */
  provider: string | null;
  issuer: string | null;
  grantType: GrantType;
  /** What its issuer tells; absent or null: nothing. */
  metadata?: ProviderMetadata | null;
  /** Which of the client secrets the provider took last. Copies that actors keep may be older than this member. */
  secretInUse?: SecretName;
  /** How long before expiry a token is renewed, in seconds. */
  refreshLeadSeconds: number;
  /** How much earlier at most, at random, in seconds. */
  refreshJitterSeconds: number;
  /** Rises with every change. */
  version: number;
  createdAt: number;
}

/** The lead when a client states none, in seconds. */
export const DEFAULT_REFRESH_LEAD_SECONDS = 60;

/** Gives what a client decides about the renewal of its tokens. */
export function policyOf(
  client: Pick<AuthClient, "refreshLeadSeconds"> & Partial<Pick<AuthClient, "refreshJitterSeconds">>,
  { flavour }: Pick<OAuth2Registration, "flavour">,
): Policy {
  return {
    refreshLeadSeconds: client.refreshLeadSeconds,
    // Copies that actors keep may be older than this member.
    refreshJitterSeconds: client.refreshJitterSeconds ?? 0,
    keepaliveSeconds: flavour?.keepalive_seconds ?? null,
    mayBeCopied: flavour?.edge_cache !== false,
  };
}

/**
 * Gives the redirect URI to register at the provider: one for each client, the defence against mix-up (RFC 9700 4.4.2), but for those whose
 * flavour says that they share one.
 */
export function redirectUri(
  publicUrl: string,
  client: AuthClientId,
  { flavour }: Pick<OAuth2Registration, "flavour">,
): string {
  return publicUrl + callbackPath(flavour?.shared_callback === true ? null : client);
}

/** Gives the path at which a client's answers come in. Null: the one that is shared. */
export function callbackPath(client: AuthClientId | null): string {
  return client === null ? SHARED_CALLBACK : `${SHARED_CALLBACK}/${client}`;
}

const SHARED_CALLBACK = "/callback/oauth2";
