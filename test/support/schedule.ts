/** A secret to decide about: blank, and with a token that was issued at T0 and lives an hour. */

import type { Refusal } from "../../src/domain/oauth2/response.ts";
import { type GrantTimes, type Policy, withNewGrant } from "../../src/domain/refresh-schedule.ts";
import { blankSecret, type Secret } from "../../src/domain/secret.ts";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const T0 = Date.parse("2026-01-01T00:00:00Z");
export const POLICY: Policy = {
  refreshLeadSeconds: 60,
  refreshJitterSeconds: 0,
  keepaliveSeconds: null,
  mayBeCopied: true,
};
export const NO_JITTER = 0.5;

export const blank = blankSecret(
  {
    type: "oauth2",
    id: "s" as Secret["id"],
    workspaceId: "w" as Secret["workspaceId"],
    authClientId: "c" as Secret["authClientId"],
    userId: null,
    name: "x",
    additionalParams: null,
    fields: null,
    scopes: null,
  },
  T0,
);

/** The times of a grant that lives an hour from T0, in hand. */
export function times(changes: Partial<GrantTimes> = {}): GrantTimes {
  return {
    issuedAt: T0,
    expiresAt: T0 + HOUR,
    renewedWith: "refresh_token",
    refreshTokenExpiresAt: undefined,
    arrivedAt: null,
    ...changes,
  };
}

/** A secret whose token was issued at T0 and lives an hour. */
export const fresh = granted(blank);

/** Stores one more grant. */
export function granted(
  secret: Secret,
  changes: Partial<GrantTimes> = {},
  policy: Partial<Policy> = {},
  random = 0,
): Secret {
  return withNewGrant(secret, times(changes), { ...POLICY, ...policy }, random);
}

/** What a provider refused with. */
export function refusal(
  kind: Refusal["class"],
  reason: Refusal["reason"] = "provider_unreachable",
  retryAfterSeconds: number | null = null,
): Refusal {
  return { class: kind, reason, retryAfterSeconds };
}
