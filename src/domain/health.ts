/** How a secret is, for callers: its health, its state, and what they are told when there is no token. Pure. */

import { ServiceError } from "../errors.ts";
import type { Refusal } from "./oauth2/response.ts";
import { canRefresh, isServable } from "./refresh-schedule.ts";
import type { Health, HealthStatus, Report, Secret } from "./secret.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** So long at most takes an attempt for an expired token. */
const ATTEMPT_TAKES = 20 * SECOND;

/** Says how a secret is, as callers see it. */
export function healthOf(secret: Secret, now: number): Health {
  const expired = !isServable(secret, now);
  const { trouble } = secret;
  let status: HealthStatus;
  if (trouble?.kind === "needs_reauthorization" || trouble?.kind === "client_misconfigured") status = trouble.kind;
  else if (expired) status = "expired";
  else if (trouble !== null) status = "degraded";
  else status = secret.refreshAt === null ? "not_refreshable" : "ok";
  return {
    status,
    reason: trouble?.reason ?? null,
    since: trouble?.since ?? (expired ? (secret.expiresAt ?? now) : (secret.lastRefreshedAt ?? secret.createdAt)),
    nextRefreshAt: secret.refreshAt,
    lastRefreshedAt: secret.lastRefreshedAt,
    refreshTokenExpiresAt: secret.refreshTokenExpiresAt,
  };
}

/** Sums a secret up in the two words that the platform's own API has for it. */
export function stateOf(reported: Report | null, { status }: Health): "ready" | "error" {
  if (reported !== null) return "error";
  return status === "ok" || status === "not_refreshable" || status === "degraded" ? "ready" : "error";
}

/** Codes by which a provider refuses what it was asked for, rather than who asks. */
const OF_WHAT_WAS_ASKED = new Set<string>([
  ...["access_denied", "consent_required", "interaction_required", "login_required"],
  ...["invalid_scope", "invalid_target", "provider_refused"],
]);
/** When it is worth asking again, in seconds, where nobody says so. */
const ASK_AGAIN_SECONDS = 10;

/** Words the failure of a caller whose secret was to be given its first token. */
export function notFetched({ class: kind, reason, retryAfterSeconds }: Refusal): ServiceError {
  if (kind !== "config_error") {
    const detail = `The provider gave no token (${reason}). Nothing was stored.`;
    const seconds = Math.max(1, retryAfterSeconds ?? ASK_AGAIN_SECONDS);
    return new ServiceError("provider_unreachable", detail, { retryAfterSeconds: seconds });
  }
  if (OF_WHAT_WAS_ASKED.has(reason))
    return new ServiceError("provider_refused", `The provider refuses what is asked for (${reason}).`);
  return new ServiceError(
    "client_misconfigured",
    `The provider refuses the auth client (${reason}). Correct the client.`,
  );
}

/** Words the failure of a caller who needs a token that there is not. */
export function unavailable(secret: Secret, now: number): ServiceError {
  const { trouble } = secret;
  if (!canRefresh(secret)) {
    const why =
      secret.renewedWith !== null
        ? `the provider refused it (${trouble?.reason})`
        : "it has expired and there is no refresh token";
    return new ServiceError(
      "reauthorization_required",
      `The grant is over: ${why}. A person has to connect the account again.`,
      { about: `/v2/workspaces/${secret.workspaceId}/authorizations` },
    );
  }
  if (trouble?.kind === "client_misconfigured") {
    const detail = `The provider refuses the auth client (${trouble.reason}). Correct the client.`;
    return new ServiceError("client_misconfigured", detail);
  }
  if (trouble?.reason === "storage_integrity") {
    return new ServiceError("storage_integrity", "Stored credentials cannot be opened now.");
  }
  const why = trouble?.reason ?? "timeout";
  const idleUntil = secret.refreshAt ?? (trouble === null ? now : now + HOUR);
  const nextAt = secret.attempt === null ? idleUntil : secret.attempt.sentAt + ATTEMPT_TAKES;
  const retryAfterSeconds = Math.max(1, Math.ceil((nextAt - now) / SECOND));
  return new ServiceError("provider_unreachable", `The provider gave no token (${why}).`, { retryAfterSeconds });
}
