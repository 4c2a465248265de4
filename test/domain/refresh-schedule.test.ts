/** When a token is renewed, and what follows from each attempt: tables, and a property over random histories. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Refusal } from "../../src/domain/oauth2/response.ts";
import {
  afterClientChange,
  afterLostAnswer,
  afterRefusal,
  beginAttempt,
  canRefresh,
  healthOf,
  isDue,
  isFresh,
  isServable,
  nextWake,
  refreshMoment,
  stateOf,
  unavailable,
  whatReadNeeds,
  withNewGrant,
} from "../../src/domain/refresh-schedule.ts";
import { blankSecret, type Secret } from "../../src/domain/secret.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const T0 = Date.parse("2026-01-01T00:00:00Z");
const POLICY = { refreshLeadSeconds: 60 };
const NO_JITTER = 0.5;

const blank = blankSecret(
  {
    type: "oauth2",
    id: "s" as Secret["id"],
    workspaceId: "w" as Secret["workspaceId"],
    authClientId: "c" as Secret["authClientId"],
    userId: null,
    name: "x",
    additionalParams: null,
    fields: null,
  },
  T0,
);

/** A secret whose token was issued at T0 and lives an hour. */
const fresh = withNewGrant(
  blank,
  { issuedAt: T0, expiresAt: T0 + HOUR, hasRefreshToken: true, arrivedAt: null },
  POLICY,
);

function refusal(
  kind: Refusal["class"],
  reason: Refusal["reason"] = "provider_unreachable",
  retryAfterSeconds: number | null = null,
): Refusal {
  return { class: kind, reason, retryAfterSeconds };
}

describe("refreshMoment: seconds before expiry", () => {
  test.each([
    // lifetime, lead, before expiry
    [3600, 60, 60],
    [120, 60, 60],
    [90, 60, 60],
    [80, 60, 50],
    [60, 60, 30],
    [40, 60, 20],
    [4, 60, 2],
    [3600, 25, 25],
    [3600, 3600, 1800],
    [100, 3600, 60],
    [0, 60, 0],
    [-100, 60, 0],
  ])("a lifetime of %i s with a lead of %i s: %i", (lifetime, refreshLeadSeconds, before) => {
    const expiresAt = T0 + lifetime * SECOND;
    expect(expiresAt - refreshMoment(T0, expiresAt, { refreshLeadSeconds })).toBe(before * SECOND);
  });

  test("is never later than a minute before expiry for tokens that live 90 s or longer", () => {
    fc.assert(
      fc.property(fc.integer({ min: 90, max: 2 ** 31 - 1 }), fc.integer({ min: 60, max: DAY }), (lifetime, lead) => {
        const expiresAt = T0 + lifetime * SECOND;
        const moment = refreshMoment(T0, expiresAt, { refreshLeadSeconds: lead });
        expect(moment).toBeLessThanOrEqual(expiresAt - MINUTE);
        expect(moment).toBeGreaterThanOrEqual(T0 + 30 * SECOND);
      }),
    );
  });
});

describe("withNewGrant", () => {
  test("raises the version, sets the times and ends all trouble", () => {
    const troubled = afterRefusal(fresh, refusal("ambiguous"), T0, NO_JITTER);
    const renewed = withNewGrant(
      troubled,
      { issuedAt: T0 + HOUR, expiresAt: T0 + 2 * HOUR, hasRefreshToken: true, arrivedAt: null },
      POLICY,
    );
    expect(renewed).toMatchObject({ version: 2, trouble: null, attempt: null, refreshAt: T0 + 2 * HOUR - MINUTE });
  });

  test.each([
    ["no refresh token", { issuedAt: T0, expiresAt: T0 + HOUR, hasRefreshToken: false, arrivedAt: T0 }],
    ["no expiry", { issuedAt: T0, expiresAt: null, hasRefreshToken: true, arrivedAt: T0 }],
  ])("schedules nothing for %s", (_, grant) => {
    const secret = withNewGrant(blank, grant, POLICY);
    expect(secret.refreshAt).toBeNull();
    expect(healthOf(secret, T0).status).toBe("not_refreshable");
  });
});

describe("withNewGrant, from a provider whose tokens are hardly alive when they arrive,", () => {
  const arriving = (secret: Secret, lifetime: number, delay: number) =>
    withNewGrant(
      secret,
      { issuedAt: T0, expiresAt: T0 + lifetime * SECOND, hasRefreshToken: true, arrivedAt: T0 + delay * SECOND },
      POLICY,
    );

  test("keeps the refresh token, but backs off as after a failure", () => {
    const first = arriving(fresh, 0, 0);
    const second = arriving(first, 1, 2);
    expect(first).toMatchObject({ version: 2, refreshAt: T0 + SECOND, trouble: { kind: "retrying", failures: 1 } });
    expect(second).toMatchObject({ version: 3, refreshAt: T0 + 4 * SECOND, trouble: { failures: 2 } });
    expect(healthOf(second, T0 + 2 * SECOND)).toMatchObject({ status: "expired", reason: "expired" });
  });

  test("never renews twice within a second", () => {
    expect(arriving(fresh, 1, 0.9).refreshAt).toBe(T0 + 1900);
  });
});

describe("whatReadNeeds", () => {
  test.each([
    [60 * 60, "serve"],
    [61, "serve"],
    [60, "serve_and_renew"],
    [10, "serve_and_renew"],
    [9, "wait"],
    [0, "wait"],
    [-5, "wait"],
  ])("%i s left: %s", (left, need) => {
    expect(whatReadNeeds(fresh, T0 + HOUR - left * SECOND)).toBe(need);
  });

  test("serves a short token until a quarter of its life is left", () => {
    const short = withNewGrant(
      blank,
      { issuedAt: T0, expiresAt: T0 + 8 * SECOND, hasRefreshToken: true, arrivedAt: null },
      POLICY,
    );
    expect([1, 5, 7].map((age) => whatReadNeeds(short, T0 + age * SECOND))).toEqual([
      "serve",
      "serve_and_renew",
      "wait",
    ]);
  });

  test.each([
    // asked for, left, after a refresh, need
    [200, 300, true, "serve"],
    [400, 300, true, "wait"],
    [3570, 3569, true, "wait"],
    [3571, 3569, true, "serve"],
    [3600, 3599, true, "serve"],
    [3600, 3599, false, "wait"],
    [3600, 2701, true, "serve"],
    [3600, 2700, true, "wait"],
  ])("min_ttl %i with %i s left, refreshed before: %s: %s", (minTtl, left, isRefreshed, need) => {
    const secret = { ...fresh, lastRefreshedAt: isRefreshed ? T0 : null };
    expect(whatReadNeeds(secret, T0 + HOUR - left * SECOND, minTtl)).toBe(need);
  });

  test("serves what cannot be renewed", () => {
    const last = withNewGrant(
      blank,
      { issuedAt: T0, expiresAt: T0 + HOUR, hasRefreshToken: false, arrivedAt: null },
      POLICY,
    );
    expect(whatReadNeeds(last, T0 + HOUR)).toBe("serve");
  });

  test("does not renew behind a read while a failure pauses the schedule", () => {
    const paused = afterRefusal(fresh, refusal("retry"), T0 + HOUR - 50 * SECOND, NO_JITTER);
    expect(whatReadNeeds(paused, T0 + HOUR - 50 * SECOND)).toBe("serve");
  });
});

describe("afterRefusal", () => {
  test("backs off by R", () => {
    let secret = fresh;
    let now = T0 + HOUR - MINUTE;
    const pauses = Array.from({ length: 9 }, () => {
      secret = afterRefusal(secret, refusal("retry"), now, NO_JITTER);
      const pause = (secret.refreshAt ?? 0) - now;
      now = secret.refreshAt ?? 0;
      return pause / SECOND;
    });
    expect(pauses).toEqual([1, 2, 5, 10, 20, 40, 60, 60, 60]);
    expect(secret.trouble).toMatchObject({ kind: "retrying", failures: 9, since: T0 + HOUR - MINUTE });
  });

  test.each([
    [16 * MINUTE, 5 * MINUTE],
    [DAY + MINUTE, HOUR],
    [30 * DAY + MINUTE, null],
  ])("%i ms past expiry the pause is %s", (past, pause) => {
    const failing = Array.from({ length: 9 }).reduce<Secret>(
      (secret) => afterRefusal(secret, refusal("retry"), T0, NO_JITTER),
      fresh,
    );
    const now = T0 + HOUR + past;
    expect(afterRefusal(failing, refusal("retry"), now, NO_JITTER).refreshAt).toBe(pause === null ? null : now + pause);
  });

  test("jitters by a fifth", () => {
    expect([0, 0.999].map((random) => (afterRefusal(fresh, refusal("retry"), T0, random).refreshAt ?? 0) - T0)).toEqual(
      [800, 1200],
    );
  });

  test("tries again at +1 s and +5 s after an ambiguous answer", () => {
    const first = afterRefusal(fresh, refusal("ambiguous", "timeout"), T0, NO_JITTER);
    const second = afterRefusal(first, refusal("ambiguous", "timeout"), T0 + SECOND, NO_JITTER);
    expect([first.refreshAt, second.refreshAt]).toEqual([T0 + SECOND, T0 + 5 * SECOND]);
    expect(second.trouble?.ambiguous).toBe(true);
  });

  test("waits as long as Retry-After asks, when that is longer", () => {
    expect(afterRefusal(fresh, refusal("rate_limited", "rate_limited", 90), T0, NO_JITTER).refreshAt).toBe(
      T0 + 90 * SECOND,
    );
    expect(afterRefusal(fresh, refusal("rate_limited", "rate_limited", 0), T0, NO_JITTER).refreshAt).toBe(T0 + SECOND);
  });

  test("asks once more before it believes invalid_grant", () => {
    const first = afterRefusal(fresh, refusal("reauthorize", "invalid_grant"), T0, NO_JITTER);
    expect(first).toMatchObject({ refreshAt: T0 + 2 * SECOND, trouble: { kind: "confirming" } });
    const second = afterRefusal(first, refusal("reauthorize", "invalid_grant"), T0 + 2 * SECOND, NO_JITTER);
    expect(second).toMatchObject({
      refreshAt: null,
      trouble: { kind: "needs_reauthorization", reason: "invalid_grant" },
    });
    expect(canRefresh(second)).toBe(false);
  });

  test("calls it lost_rotation when an answer was lost before", () => {
    const lost = afterLostAnswer(fresh, T0, NO_JITTER);
    const first = afterRefusal(lost, refusal("reauthorize", "invalid_grant"), T0, NO_JITTER);
    const second = afterRefusal(first, refusal("reauthorize", "invalid_grant"), T0, NO_JITTER);
    expect(second.trouble).toMatchObject({ kind: "needs_reauthorization", reason: "lost_rotation" });
  });

  test("believes at once that a person has to act", () => {
    expect(afterRefusal(fresh, refusal("reauthorize", "interaction_required"), T0, NO_JITTER)).toMatchObject({
      refreshAt: null,
      trouble: { kind: "needs_reauthorization", reason: "interaction_required" },
    });
  });

  test("tries a refused client hourly", () => {
    expect(afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER)).toMatchObject({
      refreshAt: T0 + HOUR,
      trouble: { kind: "client_misconfigured", reason: "invalid_client" },
    });
  });
});

describe("nextWake", () => {
  test("is the refresh, or with an open attempt the moment by which its answer must be there", () => {
    expect(nextWake(fresh)).toBe(T0 + HOUR - MINUTE);
    const attempt = { id: "a", version: 1, fingerprint: "f", sentAt: T0 };
    expect(nextWake(beginAttempt(fresh, attempt))).toBe(T0 + MINUTE);
  });
});

describe("healthOf", () => {
  const failing = afterRefusal(fresh, refusal("retry"), T0 + HOUR - MINUTE, NO_JITTER);
  const dead = afterRefusal(fresh, refusal("reauthorize", "login_required"), T0, NO_JITTER);
  const refused = afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER);
  test.each([
    ["ok", "ready", fresh, T0],
    ["degraded", "ready", failing, T0 + HOUR - MINUTE],
    ["expired", "error", failing, T0 + HOUR],
    ["expired", "error", fresh, T0 + HOUR],
    ["needs_reauthorization", "error", dead, T0],
    ["client_misconfigured", "error", refused, T0],
  ])("%s is %s", (status, state, secret, now) => {
    expect(healthOf(secret, now).status).toBe(status);
    expect(stateOf(null, healthOf(secret, now))).toBe(state);
  });
});

describe("stateOf", () => {
  test("is what the platform reported, whatever the health", () => {
    const secret = { ...fresh, reported: { error: "It answers 403." } };
    expect(stateOf(secret.reported, healthOf(secret, T0))).toBe("error");
  });

  test("forgets what was reported with the next grant", () => {
    const grant = { issuedAt: T0, expiresAt: T0 + HOUR, hasRefreshToken: true, arrivedAt: null };
    expect(withNewGrant({ ...fresh, reported: { error: null } }, grant, POLICY).reported).toBeNull();
  });
});

describe("afterClientChange", () => {
  test("makes a secret that waits for it due at once, and leaves any other alone", () => {
    const refused = afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER);
    expect(isDue(refused, T0)).toBe(false);
    expect(isDue(afterClientChange(refused, T0), T0)).toBe(true);
    expect(afterClientChange(fresh, T0)).toBe(fresh);
  });
});

describe("unavailable", () => {
  test.each([
    ["reauthorization_required", afterRefusal(fresh, refusal("reauthorize", "login_required"), T0, NO_JITTER)],
    [
      "reauthorization_required",
      withNewGrant(blank, { issuedAt: T0, expiresAt: T0, hasRefreshToken: false, arrivedAt: null }, POLICY),
    ],
    ["client_misconfigured", afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER)],
    ["storage_integrity", afterRefusal(fresh, refusal("retry", "storage_integrity"), T0, NO_JITTER)],
    ["provider_unreachable", afterRefusal(fresh, refusal("rate_limited", "rate_limited", 90), T0, NO_JITTER)],
  ])("%s", (code, secret) => {
    expect(unavailable(secret, T0).failure.code).toBe(code);
  });

  test.each([
    ["an attempt that is still under way", fresh, 1],
    [
      "a secret that is not tried any more",
      { ...afterRefusal(fresh, refusal("retry"), T0, NO_JITTER), refreshAt: null },
      3600,
    ],
  ])("says when to come back for %s", (_, secret, seconds) => {
    expect(unavailable(secret, T0 + HOUR).failure).toMatchObject({
      code: "provider_unreachable",
      retryAfterSeconds: seconds,
    });
  });

  test("says when to come back", () => {
    const paused = afterRefusal(fresh, refusal("rate_limited", "rate_limited", 90), T0, NO_JITTER);
    expect(unavailable(paused, T0 + 30 * SECOND).failure.retryAfterSeconds).toBe(60);
  });
});

describe("any history of attempts", () => {
  const event = fc.record({
    waits: fc.integer({ min: 0, max: 2 * HOUR }),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    what: fc.oneof(
      fc.constant("granted" as const),
      fc.constant("lost" as const),
      fc.record({
        class: fc.constantFrom<Refusal["class"]>("retry", "ambiguous", "rate_limited", "reauthorize", "config_error"),
        reason: fc.constantFrom<Refusal["reason"]>("invalid_grant", "http_500", "invalid_client", "login_required"),
        retryAfterSeconds: fc.option(fc.integer({ min: 0, max: 3600 })),
      }),
    ),
  });

  test("keeps the promises: no stale token, a next moment while there is hope, versions that only rise", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let secret = fresh;
        let now = T0;
        for (const { waits, random, what } of events) {
          now += waits;
          if (!canRefresh(secret)) break;
          const before = secret;
          const attempt = { id: "a", version: secret.version, fingerprint: "f", sentAt: now };
          secret = beginAttempt(secret, attempt);
          expect(nextWake(secret)).toBeGreaterThan(now);
          if (what === "granted") {
            secret = withNewGrant(
              secret,
              { issuedAt: now, expiresAt: now + HOUR, hasRefreshToken: true, arrivedAt: null },
              POLICY,
            );
          } else if (what === "lost") secret = afterLostAnswer(secret, now, random);
          else secret = afterRefusal(secret, what, now, random);

          expect(secret.attempt).toBeNull();
          expect(secret.version).toBe(before.version + (what === "granted" ? 1 : 0));
          expect(isServable(secret, secret.expiresAt ?? 0)).toBe(false);
          const isOver = now - (secret.expiresAt ?? 0) > 30 * DAY;
          if (canRefresh(secret) && !isOver) expect(secret.refreshAt).toBeGreaterThan(now);
          if (!canRefresh(secret)) expect(isDue(secret, Number.MAX_SAFE_INTEGER)).toBe(false);
          expect(isFresh(secret, now)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});
