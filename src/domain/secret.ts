/**
 * An auth secret: one person's grant, and what is known of its refreshing. Plain facts; the decisions are in
 * `refresh-schedule`. Instants are milliseconds since the epoch.
 */

import type { AuthType, FreeCredentials } from "./auth-client.ts";
import type { AuthClientId, SecretId, UserId, WorkspaceId } from "./ids.ts";
import type { RenewedWith } from "./oauth2/renewal.ts";
import type { Reason } from "./oauth2/response.ts";

/** What a provider issued. Always sealed at rest; `refresh_token` never leaves the actor. */
export interface Grant {
  access_token: string;
  token_type: string;
  refresh_token: string | null;
  scope: string | null;
  /** Every member of the token answer that OAuth 2.0 does not name. */
  undefined_params: Record<string, unknown>;
  /** Who consented, where the provider says so (`sub` of an ID token). */
  subject: string | null;
}

/** The journal of a refresh: written before the request leaves, gone when its answer is stored. */
export interface Attempt {
  id: string;
  /** The version of the grant it spends. */
  version: number;
  /** Tells apart what renewals rest on, without holding it. */
  fingerprint: string;
  sentAt: number;
}

/**
 * What stands in the way of a refresh.
 * `retrying`: the last attempt failed and the next is scheduled · `confirming`: the provider called the grant dead once, and is
 * asked once more before that is believed · `needs_reauthorization`: the grant is dead, a person has to consent again ·
 * `client_misconfigured`: the provider refuses the client itself.
 */
export interface Trouble {
  kind: "retrying" | "confirming" | "needs_reauthorization" | "client_misconfigured";
  reason: Reason;
  since: number;
  failures: number;
  /** An answer was lost since the last grant, so the provider may have rotated the refresh token. */
  ambiguous: boolean;
  /** When the last answer was lost; null: none was. */
  lostAt: number | null;
  /** How often the same refresh token was tried again at once because of that. */
  quickTries: number;
}

export interface Secret {
  id: SecretId;
  workspaceId: WorkspaceId;
  authClientId: AuthClientId;
  userId: UserId | null;
  /** That of its auth client. */
  type: AuthType;
  name: string;
  /** What was asked of the provider besides, as far as the platform said: an object, or a text of its own. */
  additionalParams: Record<string, unknown> | string | null;
  fields: Record<string, unknown> | null;
  /** What the provider was asked for; null: nobody knows. */
  scopes: string[] | null;
  createdAt: number;

  /** Rises with every grant that is stored. */
  version: number;
  issuedAt: number;
  /** Null: never. */
  expiresAt: number | null;
  /** Null: it is not renewed. */
  renewedWith: RenewedWith | null;
  /** Whether copies of the token may be kept outside the actor. */
  mayBeCopied: boolean;
  /** The hard end of the refresh token, where the provider told one. */
  refreshTokenExpiresAt: number | null;
  /** How many days before that people were told last; null: not yet. */
  announcedDays: number | null;
  lastRefreshedAt: number | null;

  /** When the next attempt is due; null: never by itself. */
  refreshAt: number | null;
  /** The provider said that it renews nothing before. */
  notBefore: number | null;
  attempt: Attempt | null;
  trouble: Trouble | null;
  /** What the platform said is wrong with it; gone with the next grant. */
  reported: Report | null;
}

/** A platform's own statement that a secret does not work. */
export interface Report {
  error: string | null;
}

export const HEALTH_STATUSES = [
  "ok",
  "not_refreshable",
  "degraded",
  "expired",
  "needs_reauthorization",
  "client_misconfigured",
] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** How a secret is, for programs. */
export interface Health {
  status: HealthStatus;
  reason: Reason | null;
  since: number;
  nextRefreshAt: number | null;
  lastRefreshedAt: number | null;
  /** When a person has to consent again at the latest, where the provider told. */
  refreshTokenExpiresAt: number | null;
}

/** Everything of a secret that may cross the actor's door. */
export interface SecretView extends Pick<Secret, Shown> {
  credentials: TokenCredentials | PlainCredentials;
  health: Health;
}

type Shown = "id" | "workspaceId" | "authClientId" | "userId" | "type" | "name" | "version" | "reported";

/** Holds the access token, never the refresh token. */
export interface TokenCredentials {
  kind: "token";
  /** Null once it has expired: such a token is never served. */
  accessToken: string | null;
  tokenType: string;
  scope: string | null;
  expiresAt: number | null;
  undefinedParams: Record<string, unknown>;
  additionalParams: Secret["additionalParams"];
  fields: Record<string, unknown> | null;
}

/** What a secret without tokens holds, as it came. */
export interface PlainCredentials {
  kind: "plain";
  members: FreeCredentials;
}

/** Makes a secret that has no grant yet. */
export function blankSecret(
  facts: Pick<
    Secret,
    "id" | "workspaceId" | "authClientId" | "userId" | "type" | "name" | "additionalParams" | "fields" | "scopes"
  >,
  now: number,
): Secret {
  return {
    ...facts,
    createdAt: now,
    version: 0,
    issuedAt: now,
    expiresAt: null,
    renewedWith: null,
    mayBeCopied: true,
    refreshTokenExpiresAt: null,
    announcedDays: null,
    lastRefreshedAt: null,
    refreshAt: null,
    notBefore: null,
    attempt: null,
    trouble: null,
    reported: null,
  };
}
