/**
 * When a token is renewed. Pure functions of what is known, what happened and the time; no storage, clock, randomness or network.
 * Instants and delays are milliseconds unless their name says seconds; `random` is in [0, 1). What follows from a failure is in
 * `after-attempt`.
 */

import type { RenewedWith } from "./oauth2/renewal.ts";
import type { Attempt, Secret } from "./secret.ts";

/** What the auth client decides about timing. */
export interface Policy {
  /** How long before expiry a token is renewed. */
  refreshLeadSeconds: number;
  /** How much earlier at most, at random, so that tokens of one hour are not renewed in one second. */
  refreshJitterSeconds: number;
  /** A grant that has rested for so long is renewed, however long its token lives; null: it may rest for ever. */
  keepaliveSeconds: number | null;
  /** Whether copies of its tokens may be kept outside the actor. */
  mayBeCopied: boolean;
}

/** A grant that is about to be stored, as far as the schedule looks at it. */
export interface GrantTimes {
  issuedAt: number;
  /** Null: never. */
  expiresAt: number | null;
  /** Null: it is not renewed. */
  renewedWith: RenewedWith | null;
  /** Null: not known; undefined: it is the refresh token of before, and so is what is known of its end. */
  refreshTokenExpiresAt: number | null | undefined;
  /** When the provider's answer was here; null for tokens that somebody had in hand. */
  arrivedAt: number | null;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Readers wait for a refresh when less than this is left, or a quarter of a short lifetime. */
const TOO_LITTLE_LEFT = 10 * SECOND;
/** A result this fresh answers another request to refresh. */
const FRESH = 5 * SECOND;
/** So long after a request left, somebody looks whether its process still lives: inside the window in which providers take a spent token again. */
const LOOK_AFTER_ATTEMPT = 5 * SECOND;
const REST_SECONDS = 30;
const MINIMUM_LEAD_SECONDS = 60;
/** The first pauses between attempts; every minute after them. */
export const BACKOFF: readonly number[] = [1, 2, 5, 10, 20, 40].map((seconds) => seconds * SECOND);
/** How many days before a refresh token ends people are told. */
const ANNOUNCED_DAYS = [30, 7, 1];

/**
 * Gives the moment at which a token is renewed: the lead before its expiry. A lead longer than half the lifetime shrinks to
 * half, except that 60 seconds are kept wherever the token then still rests for 30 (docs/decisions/0002).
 */
export function refreshMoment(issuedAt: number, expiresAt: number, policy: Pick<Policy, "refreshLeadSeconds">): number {
  const lifetime = (expiresAt - issuedAt) / SECOND;
  const longest = Math.max(0, lifetime / 2, Math.min(MINIMUM_LEAD_SECONDS, lifetime - REST_SECONDS));
  return Math.floor(expiresAt - Math.min(policy.refreshLeadSeconds, longest) * SECOND);
}

/**
 * Fills in what a new grant means for the schedule: a higher version, its times, and no trouble. One that a provider sent and whose token
 * had expired before it arrived is kept, for its refresh token, but is no success: the pauses between attempts go on growing, and the token
 * before stays while it is good.
 */
export function withNewGrant(secret: Secret, grant: GrantTimes, policy: Policy, random: number): Secret {
  const { issuedAt, expiresAt, renewedWith, arrivedAt } = grant;
  const refreshAt = renewedWith !== null ? firstRefresh(grant, policy, random) : null;
  const next: Secret = {
    ...secret,
    version: secret.version + 1,
    issuedAt,
    expiresAt,
    renewedWith,
    mayBeCopied: policy.mayBeCopied,
    ...endOfRefreshToken(secret, grant),
    refreshAt,
    notBefore: null,
    attempt: null,
    trouble: null,
    reported: null,
  };
  if (refreshAt === null || arrivedAt === null) return next;
  if (expiresAt === null || arrivedAt < expiresAt)
    return { ...next, refreshAt: Math.max(refreshAt, arrivedAt + SECOND) };
  const failures = (secret.trouble?.failures ?? 0) + 1;
  const since = secret.trouble?.since ?? arrivedAt;
  return {
    ...next,
    ...(keepsTokenBefore(secret, grant) && { issuedAt: secret.issuedAt, expiresAt: secret.expiresAt }),
    trouble: { kind: "retrying", reason: "expired", since, failures, ambiguous: false, lostAt: null, quickTries: 0 },
    refreshAt: arrivedAt + (BACKOFF[failures - 1] ?? MINUTE),
  };
}

/** Decides whether the access token that there is goes on being served, because the one that came for it was over on arrival. */
export function keepsTokenBefore(
  secret: Secret,
  { expiresAt, arrivedAt }: Pick<GrantTimes, "expiresAt" | "arrivedAt">,
): boolean {
  const isOver = expiresAt !== null && arrivedAt !== null && expiresAt <= arrivedAt;
  return isOver && isServable(secret, arrivedAt);
}

/** Gives the moment of the first renewal: the lead before expiry or the end of the rest that a grant may have; null when there is neither. */
function firstRefresh({ issuedAt, expiresAt }: GrantTimes, policy: Policy, random: number): number | null {
  const moments: number[] = [];
  if (expiresAt !== null) moments.push(refreshMoment(issuedAt, expiresAt, policy));
  if (policy.keepaliveSeconds !== null) moments.push(issuedAt + policy.keepaliveSeconds * SECOND);
  if (moments.length === 0) return null;
  const latest = Math.min(...moments);
  const jitter = Math.min(policy.refreshJitterSeconds * SECOND, (latest - issuedAt) / 2);
  return Math.floor(latest - random * Math.max(0, jitter));
}

/** Keeps what is known of the refresh token's end, and which days before it are already past or told. */
function endOfRefreshToken(secret: Secret, grant: GrantTimes): Pick<Secret, "refreshTokenExpiresAt" | "announcedDays"> {
  const before = secret.refreshTokenExpiresAt;
  const end = grant.refreshTokenExpiresAt === undefined ? before : grant.refreshTokenExpiresAt;
  if (end === null || grant.renewedWith !== "refresh_token")
    return { refreshTokenExpiresAt: null, announcedDays: null };
  // Providers state what is left, so the same end is never the same to the second.
  const isSame = before !== null && Math.abs(end - before) < MINUTE;
  return {
    refreshTokenExpiresAt: end,
    announcedDays: isSame ? secret.announcedDays : daysPast(end, grant.issuedAt),
  };
}

/** Gives the last of the announced days that has begun; null while all are to come. */
function daysPast(end: number, now: number): number | null {
  return ANNOUNCED_DAYS.findLast((days) => end - days * DAY <= now) ?? null;
}

/** Gives the moment at which people are next told that the refresh token ends; null: never. */
function nextAnnouncement({ refreshTokenExpiresAt: end, announcedDays, trouble }: Secret): number | null {
  if (end === null || trouble?.kind === "needs_reauthorization") return null;
  const days = ANNOUNCED_DAYS.find((each) => each < (announcedDays ?? Number.POSITIVE_INFINITY));
  return days === undefined ? null : end - days * DAY;
}

/** Decides whether people are told now that the refresh token ends, and how many days before. */
export function announce(secret: Secret, now: number): { secret: Secret; days: number } | null {
  const at = nextAnnouncement(secret);
  const end = secret.refreshTokenExpiresAt;
  if (at === null || end === null || at > now) return null;
  const days = daysPast(end, now) ?? 0;
  return { secret: { ...secret, announcedDays: days }, days };
}

/** Decides what a read does: serve, serve and renew behind it, or wait for the renewal. */
export function whatReadNeeds(secret: Secret, now: number, minTtlSeconds = 0): "serve" | "serve_and_renew" | "wait" {
  if (!canRefresh(secret)) return "serve";
  if (secret.expiresAt !== null) {
    const left = secret.expiresAt - now;
    if (left <= 0 || left < tooLittleLeft(secret.expiresAt, secret.issuedAt)) return "wait";
    if (left < minTtlSeconds * SECOND && isWorthIt(secret, now, minTtlSeconds)) return "wait";
  }
  return isDue(secret, now) ? "serve_and_renew" : "serve";
}

/** Gives how much of a token must be left for a read not to wait for the next: ten seconds, or a quarter of a short lifetime. */
export function tooLittleLeft(expiresAt: number, issuedAt: number): number {
  return Math.min(TOO_LITTLE_LEFT, (expiresAt - issuedAt) / 4);
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

/** Decides whether the provider said that it renews nothing yet. */
export function isTooEarly({ notBefore }: Secret, now: number): boolean {
  return notBefore !== null && now < notBefore;
}

/** Decides whether asking the provider can help at all. */
export function canRefresh(secret: Secret): boolean {
  return secret.renewedWith !== null && secret.trouble?.kind !== "needs_reauthorization";
}

/** Decides whether the last success is recent enough to answer one more request to refresh. */
export function isFresh(secret: Secret, now: number): boolean {
  return secret.lastRefreshedAt !== null && secret.trouble === null && now - secret.lastRefreshedAt < FRESH;
}

/** Opens the journal: what stands here before the request leaves. */
export function beginAttempt(secret: Secret, attempt: Attempt): Secret {
  return { ...secret, attempt };
}

/**
 * Gives the moment at which the actor must wake for this secret; null: never. An open attempt wakes it soon, to find out whether the
 * process that made it still lives.
 */
export function nextWake(secret: Secret): number | null {
  if (secret.attempt !== null) return secret.attempt.sentAt + LOOK_AFTER_ATTEMPT;
  const moments = [secret.refreshAt, nextAnnouncement(secret)].filter((moment) => moment !== null);
  return moments.length === 0 ? null : Math.min(...moments);
}
