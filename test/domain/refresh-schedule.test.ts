/** When a token is renewed: tables, and a property over random histories. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterLostAnswer, afterRefusal } from "../../src/domain/after-attempt.ts";
import { healthOf } from "../../src/domain/health.ts";
import { REFUSAL_CLASSES, type Refusal } from "../../src/domain/oauth2/response.ts";
import {
  announce,
  beginAttempt,
  canRefresh,
  isDue,
  isFresh,
  isServable,
  keepsTokenBefore,
  nextWake,
  refreshMoment,
  whatReadNeeds,
} from "../../src/domain/refresh-schedule.ts";
import type { Secret } from "../../src/domain/secret.ts";
import { blank, DAY, fresh, granted, HOUR, MINUTE, NO_JITTER, refusal, SECOND, T0 } from "../support/schedule.ts";

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
    const renewed = granted(troubled, { issuedAt: T0 + HOUR, expiresAt: T0 + 2 * HOUR });
    expect(renewed).toMatchObject({ version: 2, trouble: null, attempt: null, refreshAt: T0 + 2 * HOUR - MINUTE });
  });

  test.each([
    ["no refresh token", { issuedAt: T0, expiresAt: T0 + HOUR, renewedWith: null, arrivedAt: T0 }],
    ["no expiry", { issuedAt: T0, expiresAt: null, renewedWith: "refresh_token" as const, arrivedAt: T0 }],
  ])("schedules nothing for %s", (_, grant) => {
    const secret = granted(blank, grant);
    expect(secret.refreshAt).toBeNull();
    expect(healthOf(secret, T0).status).toBe("not_refreshable");
  });

  test.each([
    // jitter, random, seconds before the lead
    [0, 0.5, 0],
    [100, 0, 0],
    [100, 0.5, 50],
    [100, 0.999, 99.9],
    [DAY / SECOND, 0.999, ((HOUR - MINUTE) / SECOND / 2) * 0.999],
  ])(
    "jitters by up to %i s, never into the first half of the rest: random %d",
    (refreshJitterSeconds, random, earlier) => {
      const { refreshAt } = granted(blank, {}, { refreshJitterSeconds }, random);
      expect(T0 + HOUR - MINUTE - (refreshAt ?? 0)).toBeCloseTo(earlier * SECOND, -1);
    },
  );

  test.each([
    ["a token that outlives it", { expiresAt: T0 + 90 * DAY }, T0 + 10 * DAY],
    ["a token that never expires", { expiresAt: null }, T0 + 10 * DAY],
    ["a token that expires before", {}, T0 + HOUR - MINUTE],
    ["a grant without a refresh token", { renewedWith: null }, null],
  ])("keeps a grant alive that may not rest longer: %s", (_, grant, refreshAt) => {
    const secret = granted(blank, grant, { keepaliveSeconds: (10 * DAY) / SECOND });
    expect(secret.refreshAt).toBe(refreshAt);
  });

  test("serves a token that never expires while its grant is kept alive behind it", () => {
    const secret = granted(blank, { expiresAt: null }, { keepaliveSeconds: 60 });
    expect(healthOf(secret, T0).status).toBe("ok");
    expect(whatReadNeeds(secret, T0, 3600)).toBe("serve");
    expect(whatReadNeeds(secret, T0 + MINUTE)).toBe("serve_and_renew");
  });

  test("forgets that the provider wanted to be asked later", () => {
    expect(granted({ ...fresh, notBefore: T0 + HOUR }).notBefore).toBeNull();
  });
});

describe("withNewGrant, from a provider whose tokens are hardly alive when they arrive,", () => {
  const arriving = (secret: Secret, lifetime: number, delay: number) =>
    granted(secret, {
      issuedAt: T0,
      expiresAt: T0 + lifetime * SECOND,
      renewedWith: "refresh_token" as const,
      arrivedAt: T0 + delay * SECOND,
    });

  test("keeps the refresh token, but backs off as after a failure", () => {
    const first = arriving(fresh, 0, 0);
    const second = arriving(first, 1, 2);
    expect(first).toMatchObject({ version: 2, refreshAt: T0 + SECOND, trouble: { kind: "retrying", failures: 1 } });
    expect(second).toMatchObject({ version: 3, refreshAt: T0 + 4 * SECOND, trouble: { failures: 2 } });
    expect(healthOf(second, T0 + HOUR)).toMatchObject({ status: "expired", reason: "expired" });
  });

  test("lets the token before be served while it is good", () => {
    const kept = arriving(fresh, 1, 4);
    expect(kept).toMatchObject({ version: 2, issuedAt: fresh.issuedAt, expiresAt: fresh.expiresAt });
    expect(healthOf(kept, T0 + 4 * SECOND)).toMatchObject({ status: "degraded", reason: "expired" });
    expect(keepsTokenBefore(fresh, { expiresAt: T0 + HOUR, arrivedAt: T0 + HOUR })).toBe(false);
    expect(keepsTokenBefore(fresh, { expiresAt: T0 + SECOND, arrivedAt: T0 })).toBe(false);
    expect(keepsTokenBefore(fresh, { expiresAt: null, arrivedAt: T0 })).toBe(false);
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
    const short = granted(blank, { issuedAt: T0, expiresAt: T0 + 8 * SECOND });
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
    const last = granted(blank, { issuedAt: T0, expiresAt: T0 + HOUR, renewedWith: null });
    expect(whatReadNeeds(last, T0 + HOUR)).toBe("serve");
  });

  test("does not renew behind a read while a failure pauses the schedule", () => {
    const paused = afterRefusal(fresh, refusal("retry"), T0 + HOUR - 50 * SECOND, NO_JITTER);
    expect(whatReadNeeds(paused, T0 + HOUR - 50 * SECOND)).toBe("serve");
  });
});

describe("nextWake", () => {
  test("is the refresh, or with an open attempt the moment to look whether its process still lives", () => {
    expect(nextWake(fresh)).toBe(T0 + HOUR - MINUTE);
    const attempt = { id: "a", version: 1, fingerprint: "f", sentAt: T0 };
    expect(nextWake(beginAttempt(fresh, attempt))).toBe(T0 + 5 * SECOND);
  });

  test("is the day on which people are told of the end, when that comes first", () => {
    const secret = granted(blank, { expiresAt: T0 + 90 * DAY, refreshTokenExpiresAt: T0 + 60 * DAY });
    expect(nextWake(secret)).toBe(T0 + 30 * DAY);
  });
});

describe("announce", () => {
  const days = (secret: Secret, from: number, to: number): number[] => {
    const told: number[] = [];
    for (let now = from; now <= to; now += HOUR) {
      const announced = announce(secret, now);
      if (announced === null) continue;
      told.push(announced.days);
      secret = announced.secret;
    }
    return told;
  };

  test.each([
    [100, [30, 7, 1]],
    [30, [7, 1]],
    [14, [7, 1]],
    [0.5, []],
  ])("tells once each of a refresh token that lives %d days", (life, told) => {
    expect(days(granted(blank, { refreshTokenExpiresAt: T0 + life * DAY }), T0, T0 + life * DAY)).toEqual(told);
  });

  test("tells the last of several days that went by unheard", () => {
    const secret = granted(blank, { refreshTokenExpiresAt: T0 + 40 * DAY });
    expect(days(secret, T0 + 35 * DAY, T0 + 40 * DAY)).toEqual([7, 1]);
  });

  test("tells nothing of an end that moves with every renewal", () => {
    let secret = granted(blank, { refreshTokenExpiresAt: T0 + 14 * DAY });
    const told: number[] = [];
    for (let now = T0; now < T0 + 30 * DAY; now += HOUR) {
      told.push(...days(secret, now, now + HOUR));
      secret = granted(secret, { issuedAt: now, refreshTokenExpiresAt: now + 14 * DAY });
    }
    expect(told).toEqual([]);
  });

  test("tells once of an end that stays, although every renewal states what is left of it, and not to the second", () => {
    const end = T0 + 8 * DAY;
    let secret = granted(blank, { refreshTokenExpiresAt: end });
    const told: number[] = [];
    for (let now = T0; now < end; now += HOUR) {
      secret = granted(secret, { issuedAt: now + 1, refreshTokenExpiresAt: end + (now % 7) * SECOND });
      const announced = announce(secret, now + 2);
      if (announced === null) continue;
      told.push(announced.days);
      secret = announced.secret;
    }
    expect(told).toEqual([7, 1]);
  });

  test.each([
    ["keeps what is known while the refresh token stays", undefined, T0 + 10 * DAY],
    ["forgets it with a new refresh token of which nothing is told", null, null],
  ])("%s", (_, refreshTokenExpiresAt, expected) => {
    const before = granted(blank, { refreshTokenExpiresAt: T0 + 10 * DAY });
    expect(granted(before, { refreshTokenExpiresAt }).refreshTokenExpiresAt).toBe(expected);
  });

  test("is quiet about a grant that is over anyway", () => {
    const secret = granted(blank, { refreshTokenExpiresAt: T0 + 40 * DAY });
    const dead = afterRefusal(secret, refusal("reauthorize", "login_required"), T0, NO_JITTER);
    expect(announce(dead, T0 + 39 * DAY)).toBeNull();
    expect(nextWake(dead)).toBeNull();
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
        class: fc.constantFrom<Refusal["class"]>(...REFUSAL_CLASSES),
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
            secret = granted(secret, { issuedAt: now, expiresAt: now + HOUR });
          } else if (what === "lost") secret = afterLostAnswer(secret, now, random);
          else secret = afterRefusal(secret, what, now, random);

          expect(secret.attempt).toBeNull();
          expect(secret.version).toBe(before.version + (what === "granted" ? 1 : 0));
          expect(isServable(secret, secret.expiresAt ?? 0)).toBe(false);
          if (secret.notBefore !== null) expect(secret.refreshAt).toBeGreaterThanOrEqual(secret.notBefore);
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
