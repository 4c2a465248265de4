/**
 * What follows from an attempt that brought no grant: the next state of the secret and the moment of the next attempt. Pure, as
 * `refresh-schedule` is.
 */

import type { Refusal } from "./oauth2/response.ts";
import type { HeldBack } from "./provider-budget.ts";
import { BACKOFF, isServable } from "./refresh-schedule.ts";
import type { Secret, Trouble } from "./secret.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const CONFIRM_AFTER = 2 * SECOND;
/** The same refresh token again, inside the reuse window that many providers keep for lost answers (docs/decisions/0012). */
const AMBIGUOUS_PAUSES = [1 * SECOND, 4 * SECOND];
const CONFIG_ERROR_PAUSE = HOUR;
/** Codes that say nothing of the refresh token, so there is nothing to confirm. */
const PERSON_HAS_TO_ACT = new Set<string>(["interaction_required", "consent_required", "login_required"]);
/** A provider that finds an attempt too early and does not say for how long is believed for so long at most. */
const LONGEST_TOO_EARLY = HOUR;
/** The reuse window of many providers. */
const REUSE_WINDOW = 30 * SECOND;

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
  // A client that was corrected is another bout of trouble.
  const goesOn = before !== null && (before.kind !== "client_misconfigured" || refusal.class === "config_error");
  // Only a refresh token can have been spent for an answer that never came.
  const isLoss = refusal.class === "ambiguous" && secret.renewedWith === "refresh_token";
  const known = {
    reason: refusal.reason,
    since: goesOn ? before.since : now,
    failures: (before?.failures ?? 0) + 1,
    ambiguous: before?.ambiguous === true || isLoss,
    lostAt: isLoss ? now : (before?.lostAt ?? null),
    quickTries: before?.quickTries ?? 0,
  };
  const next = (trouble: Trouble, refreshAt: number | null): Secret => ({
    ...secret,
    attempt: null,
    trouble,
    refreshAt,
    // A provider that answers something else does not find it too early any more.
    notBefore: trouble.kind === "retrying" ? secret.notBefore : null,
  });

  switch (refusal.class) {
    case "ambiguous": {
      const quick = AMBIGUOUS_PAUSES[known.quickTries];
      if (quick === undefined) {
        // The next lost answer may again be one that the provider acted on.
        const trouble = { kind: "retrying", ...known, quickTries: AMBIGUOUS_PAUSES.length - 1 } as const;
        return next(trouble, retryAt(secret, refusal, known, now, random));
      }
      // Whatever whoever answered asks for: in the time of a Retry-After the provider forgets the refresh token that was spent.
      const quickAt = Math.max(now + quick, secret.notBefore ?? 0);
      return next({ kind: "retrying", ...known, quickTries: known.quickTries + 1 }, quickAt);
    }
    case "retry":
    case "rate_limited":
      return next({ kind: "retrying", ...known }, retryAt(secret, refusal, known, now, random));
    case "too_early": {
      // An expired token that may not be renewed yet is a failure like any other.
      if (!isServable(secret, now)) {
        return next({ kind: "retrying", ...known }, retryAt(secret, refusal, known, now, random));
      }
      // Nothing is wrong, unless an answer was lost: then the token that is too young may be one that never came through.
      const trouble = before?.ambiguous === true ? { ...before, kind: "retrying" as const } : null;
      return { ...secret, attempt: null, trouble, ...whenNotTooEarly(secret, refusal, now) };
    }
    case "reauthorize":
      if (PERSON_HAS_TO_ACT.has(refusal.reason)) return next({ kind: "needs_reauthorization", ...known }, null);
      if (before?.kind !== "confirming") return next({ kind: "confirming", ...known }, now + CONFIRM_AFTER);
      return next(
        { kind: "needs_reauthorization", ...known, reason: known.ambiguous ? "lost_rotation" : refusal.reason },
        null,
      );
    case "config_error":
      return next({ kind: "client_misconfigured", ...known }, now + CONFIG_ERROR_PAUSE);
  }
}

/** Decides what follows when the provider's budget let nothing be sent: that is no failure, and what stood in the way before still does. */
export function afterHeldBack(secret: Secret, { until, because }: HeldBack, now: number): Secret {
  const isDown = because === "provider_down";
  const known = {
    reason: "provider_unreachable",
    since: now,
    failures: 0,
    ambiguous: false,
    lostAt: null,
    quickTries: 0,
  } as const;
  // The budget goes by a clock of its own.
  const refreshAt = Math.max(until, now + SECOND);
  return { ...secret, refreshAt, trouble: secret.trouble ?? (isDown ? { kind: "retrying", ...known } : null) };
}

/**
 * Gives the moment of the next attempt by the backoff, with a jitter of a fifth, no sooner than the provider asked for; null when thirty days
 * of trying are over.
 */
function retryAt(
  secret: Secret,
  refusal: Refusal,
  { since, failures }: Pick<Trouble, "since" | "failures">,
  now: number,
  random: number,
): number | null {
  const expired = secret.expiresAt === null ? 0 : now - secret.expiresAt;
  // What was expired before the trouble began (a token that was imported late, a client that was wrong for weeks) is not held against it.
  const tried = Math.min(expired, now - since);
  if (tried > 30 * DAY && refusal.reason !== "storage_integrity") return null;
  // A provider that says `invalid_grant` while it is busy with the grant wants two seconds.
  const isBusy = refusal.class === "retry" && refusal.reason === "invalid_grant";
  let pause = BACKOFF[isBusy ? failures : failures - 1] ?? MINUTE;
  if (tried > 15 * MINUTE) pause = 5 * MINUTE;
  if (tried > DAY) pause = HOUR;
  const asked = (refusal.retryAfterSeconds ?? 0) * SECOND;
  return Math.max(now + Math.max(Math.round(pause * (0.8 + 0.4 * random)), asked), secret.notBefore ?? 0);
}

/** Gives the moment at which a provider that was asked too early is asked again: when it said, else when it was due anyway, else half-way to expiry. */
function whenNotTooEarly(
  { refreshAt, expiresAt }: Secret,
  { retryAfterSeconds }: Refusal,
  now: number,
): { refreshAt: number; notBefore: number } {
  if (retryAfterSeconds !== null && retryAfterSeconds > 0) {
    const saidAt = now + retryAfterSeconds * SECOND;
    return { refreshAt: Math.max(refreshAt ?? 0, saidAt), notBefore: saidAt };
  }
  let againAt = now + HOUR;
  if (refreshAt !== null && refreshAt > now) againAt = refreshAt;
  else if (expiresAt !== null) againAt = now + Math.max(SECOND, Math.floor((expiresAt - now) / 2));
  return { refreshAt: againAt, notBefore: Math.min(againAt, now + LONGEST_TOO_EARLY) };
}

/** Decides whether the refresh token may have been spent, so lately that a provider with a reuse window would take it again. */
export function isReuseLikely({ trouble }: Secret, now: number): boolean {
  return trouble !== null && trouble.lostAt !== null && now - trouble.lostAt < REUSE_WINDOW;
}

/** Decides what follows when an auth client was changed: a secret that waited for this tries again at once. */
export function afterClientChange(secret: Secret, now: number): Secret {
  return secret.trouble?.kind === "client_misconfigured" ? { ...secret, refreshAt: now } : secret;
}
