/**
 * When a token is renewed, and what follows from each attempt. Pure functions of what is known, what happened and the time;
 * no storage, clock, randomness or network. Instants and delays are milliseconds unless their name says seconds.
 */

import { ServiceError } from "../errors.ts";
import type { Refusal, RefusalClass } from "./oauth2/response.ts";
import type { Attempt, Health, HealthStatus, Report, Secret, Trouble } from "./secret.ts";

/** What the auth client decides about timing. */
interface Policy {
  refreshLeadSeconds: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Readers wait for a refresh when less than this is left, or a quarter of a short lifetime. */
const TOO_LITTLE_LEFT = 10 * SECOND;
/** A result this fresh answers another request to refresh. */
const FRESH = 5 * SECOND;
/** An attempt older than this was lost with its process. Longer than any look-up and request together may take. */
const ATTEMPT_LOST_AFTER = MINUTE;
const CONFIRM_AFTER = 2 * SECOND;
/** The same refresh token again, inside the reuse window that many providers keep for lost answers. */
const AMBIGUOUS_PAUSES = [1 * SECOND, 4 * SECOND];
const BACKOFF = [1, 2, 5, 10, 20, 40].map((seconds) => seconds * SECOND);
const CONFIG_ERROR_PAUSE = HOUR;
const REST_SECONDS = 30;
const MINIMUM_LEAD_SECONDS = 60;

/**
 * Gives the moment at which a token is renewed: the lead before its expiry. A lead longer than half the lifetime shrinks to
 * half, except that 60 seconds are kept wherever the token then still rests for 30 (docs/decisions/0002).
 */
export function refreshMoment(issuedAt: number, expiresAt: number, policy: Policy): number {
  const lifetime = (expiresAt - issuedAt) / SECOND;
  const longest = Math.max(0, lifetime / 2, Math.min(MINIMUM_LEAD_SECONDS, lifetime - REST_SECONDS));
  return Math.floor(expiresAt - Math.min(policy.refreshLeadSeconds, longest) * SECOND);
}

/**
 * Fills in what a new grant means for the schedule: a higher version, its times, and no trouble. One that a provider sent and that
 * had expired before it arrived is kept, for its refresh token, but is no success: the pauses between attempts go on growing.
 */
export function withNewGrant(
  secret: Secret,
  grant: {
    issuedAt: number;
    expiresAt: number | null;
    hasRefreshToken: boolean;
    /** When the provider's answer was here; null for tokens that somebody had in hand. */
    arrivedAt: number | null;
  },
  policy: Policy,
): Secret {
  const { issuedAt, expiresAt, hasRefreshToken, arrivedAt } = grant;
  const next: Secret = {
    ...secret,
    version: secret.version + 1,
    issuedAt,
    expiresAt,
    hasRefreshToken,
    refreshAt: null,
    attempt: null,
    trouble: null,
    reported: null,
  };
  if (expiresAt === null || !hasRefreshToken) return next;
  const refreshAt = refreshMoment(issuedAt, expiresAt, policy);
  if (arrivedAt === null) return { ...next, refreshAt };
  if (arrivedAt < expiresAt) return { ...next, refreshAt: Math.max(refreshAt, arrivedAt + SECOND) };
  const failures = (secret.trouble?.failures ?? 0) + 1;
  const since = secret.trouble?.since ?? arrivedAt;
  return {
    ...next,
    trouble: { kind: "retrying", reason: "expired", since, failures, ambiguous: false },
    refreshAt: arrivedAt + (BACKOFF[failures - 1] ?? MINUTE),
  };
}

/** Decides what a read does: serve, serve and renew behind it, or wait for the renewal. */
export function whatReadNeeds(secret: Secret, now: number, minTtlSeconds = 0): "serve" | "serve_and_renew" | "wait" {
  if (secret.expiresAt === null || !canRefresh(secret)) return "serve";
  const left = secret.expiresAt - now;
  const tooLittle = Math.min(TOO_LITTLE_LEFT, (secret.expiresAt - secret.issuedAt) / 4);
  if (left <= 0 || left < tooLittle) return "wait";
  if (left < minTtlSeconds * SECOND && isWorthIt(secret, now, minTtlSeconds)) return "wait";
  return isDue(secret, now) ? "serve_and_renew" : "serve";
}

/**
 * Decides whether a renewal is worth it for a caller who asks for this many seconds: the provider was never asked, or its tokens
 * live long enough, or the one at hand has lived for a quarter of its life. Else every read of a caller that asks for too much
 * would be a refresh.
 */
function isWorthIt({ expiresAt, issuedAt, lastRefreshedAt }: Secret, now: number, seconds: number): boolean {
  if (lastRefreshedAt === null || expiresAt === null) return true;
  const lifetime = expiresAt - issuedAt;
  return lifetime >= (seconds + REST_SECONDS) * SECOND || now - issuedAt >= lifetime / 4;
}

/** Decides whether a token may be given out: it has not expired. */
export function isServable(secret: Secret, now: number): boolean {
  return secret.expiresAt === null || now < secret.expiresAt;
}

/** Decides whether a scheduled attempt is due. */
export function isDue(secret: Secret, now: number): boolean {
  return secret.refreshAt !== null && secret.refreshAt <= now;
}

/** Decides whether asking the provider can help at all. */
export function canRefresh(secret: Secret): boolean {
  return secret.hasRefreshToken && secret.trouble?.kind !== "needs_reauthorization";
}

/** Decides whether the last success is recent enough to answer one more request to refresh. */
export function isFresh(secret: Secret, now: number): boolean {
  return secret.lastRefreshedAt !== null && secret.trouble === null && now - secret.lastRefreshedAt < FRESH;
}

/** Opens the journal: what stands here before the request leaves. */
export function beginAttempt(secret: Secret, attempt: Attempt): Secret {
  return { ...secret, attempt };
}

/** Decides what follows when a process woke up and found an attempt of an earlier one: its answer was lost. */
export function afterLostAnswer(secret: Secret, now: number, random: number): Secret {
  return afterRefusal(
    { ...secret, attempt: null },
    { class: "ambiguous", reason: "interrupted", retryAfterSeconds: null },
    now,
    random,
  );
}

/** Decides what follows from a refusal. `random` is in [0, 1). */
export function afterRefusal(secret: Secret, refusal: Refusal, now: number, random: number): Secret {
  const before = secret.trouble;
  const known = {
    reason: refusal.reason,
    since: before?.since ?? now,
    failures: (before?.failures ?? 0) + 1,
    ambiguous: before?.ambiguous === true || refusal.class === "ambiguous",
  };
  const next = (trouble: Trouble, refreshAt: number | null): Secret => ({
    ...secret,
    attempt: null,
    trouble,
    refreshAt,
  });

  switch (refusal.class) {
    case "retry":
    case "ambiguous":
    case "rate_limited": {
      const pause = retryPause(secret, refusal.class, known.failures, now, random);
      const asked = (refusal.retryAfterSeconds ?? 0) * SECOND;
      return next({ kind: "retrying", ...known }, pause === null ? null : now + Math.max(pause, asked));
    }
    case "reauthorize":
      if (refusal.reason !== "invalid_grant") return next({ kind: "needs_reauthorization", ...known }, null);
      if (before?.kind !== "confirming") return next({ kind: "confirming", ...known }, now + CONFIRM_AFTER);
      return next(
        { kind: "needs_reauthorization", ...known, reason: known.ambiguous ? "lost_rotation" : "invalid_grant" },
        null,
      );
    case "config_error":
      return next({ kind: "client_misconfigured", ...known }, now + CONFIG_ERROR_PAUSE);
  }
}

/** Gives the pause before the next attempt, with a jitter of a fifth; null when thirty days of trying are over. */
function retryPause(
  secret: Secret,
  refusal: RefusalClass,
  failures: number,
  now: number,
  random: number,
): number | null {
  const quick = refusal === "ambiguous" ? AMBIGUOUS_PAUSES[failures - 1] : undefined;
  if (quick !== undefined) return quick;
  const expired = secret.expiresAt === null ? 0 : now - secret.expiresAt;
  if (expired > 30 * DAY) return null;
  let pause = BACKOFF[failures - 1] ?? MINUTE;
  if (expired > 15 * MINUTE) pause = 5 * MINUTE;
  if (expired > DAY) pause = HOUR;
  return Math.round(pause * (0.8 + 0.4 * random));
}

/** Gives the moment at which the actor must wake for this secret; null: never. An open attempt wakes it to find out. */
export function nextWake(secret: Secret): number | null {
  if (secret.attempt !== null) return secret.attempt.sentAt + ATTEMPT_LOST_AFTER;
  return secret.refreshAt;
}

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
  };
}

/** Decides what follows when an auth client was changed: a secret that waited for this tries again at once. */
export function afterClientChange(secret: Secret, now: number): Secret {
  return secret.trouble?.kind === "client_misconfigured" ? { ...secret, refreshAt: now } : secret;
}

/** Sums a secret up in the two words that the platform's own API has for it. */
export function stateOf(reported: Report | null, { status }: Health): "ready" | "error" {
  if (reported !== null) return "error";
  return status === "ok" || status === "not_refreshable" || status === "degraded" ? "ready" : "error";
}

/** Words the failure of a caller who needs a token that there is not. */
export function unavailable(secret: Secret, now: number): ServiceError {
  const { trouble } = secret;
  if (!canRefresh(secret)) {
    const why = secret.hasRefreshToken
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
  const nextAt = secret.refreshAt ?? (trouble === null ? now : now + HOUR);
  const retryAfterSeconds = Math.max(1, Math.ceil((nextAt - now) / SECOND));
  return new ServiceError("provider_unreachable", `The provider gave no token (${why}).`, { retryAfterSeconds });
}
