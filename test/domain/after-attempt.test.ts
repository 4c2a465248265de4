/** What follows from attempts that bring no grant. */

import { describe, expect, test } from "vitest";
import {
  afterClientChange,
  afterHeldBack,
  afterLostAnswer,
  afterRefusal,
  isReuseLikely,
} from "../../src/domain/after-attempt.ts";
import { healthOf } from "../../src/domain/health.ts";
import { canRefresh, isDue, isTooEarly, whatReadNeeds } from "../../src/domain/refresh-schedule.ts";
import type { Refusal } from "../../src/domain/oauth2/response.ts";
import type { Secret } from "../../src/domain/secret.ts";
import { DAY, fresh, granted, HOUR, MINUTE, NO_JITTER, refusal, SECOND, T0 } from "../support/schedule.ts";

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

  test("counts the thirty days from when the trouble began, for a client that was wrong for long as for a token that was brought late", () => {
    const now = T0 + 40 * DAY;
    const wrong = afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER);
    const limited = afterRefusal(wrong, refusal("rate_limited", "rate_limited", 60), now, NO_JITTER);
    expect(limited).toMatchObject({ refreshAt: now + MINUTE, trouble: { since: now } });
    expect(afterRefusal(fresh, refusal("retry"), now, NO_JITTER).refreshAt).toBe(now + SECOND);
  });

  test("never gives up on a key that may be back", () => {
    const gone = afterRefusal(fresh, refusal("retry", "storage_integrity"), T0, NO_JITTER);
    const later = afterRefusal(gone, refusal("retry", "storage_integrity"), T0 + 40 * DAY, NO_JITTER);
    expect(later.refreshAt).toBe(T0 + 40 * DAY + HOUR);
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

  test.each(["access_token", "client"] as const)(
    "tries again as quickly where it is renewed with %s, of which a lost answer spends nothing",
    (renewedWith) => {
      const first = afterLostAnswer({ ...fresh, renewedWith }, T0, NO_JITTER);
      const second = afterRefusal(first, refusal("ambiguous", "timeout"), T0 + SECOND, NO_JITTER);
      expect([first.refreshAt, second.refreshAt]).toEqual([T0 + SECOND, T0 + 5 * SECOND]);
      expect(second.trouble).toMatchObject({ kind: "retrying", ambiguous: false, lostAt: null });
      expect(isReuseLikely(second, T0 + SECOND)).toBe(false);
      const dead = refusal("reauthorize", "invalid_grant");
      const confirmed = afterRefusal(afterRefusal(second, dead, T0, NO_JITTER), dead, T0, NO_JITTER);
      expect(confirmed.trouble?.reason).toBe("invalid_grant");
    },
  );

  test("tries again quickly after a lost answer, whatever failed before it", () => {
    const limited = afterRefusal(fresh, refusal("rate_limited", "rate_limited"), T0, NO_JITTER);
    const first = afterRefusal(limited, refusal("ambiguous", "timeout"), T0, NO_JITTER);
    const second = afterRefusal(first, refusal("ambiguous", "timeout"), T0 + SECOND, NO_JITTER);
    const third = afterRefusal(second, refusal("ambiguous", "timeout"), T0 + 5 * SECOND, NO_JITTER);
    expect([first, second, third].map(({ refreshAt }) => ((refreshAt ?? 0) - T0) / SECOND)).toEqual([1, 5, 15]);
  });

  test("tries again quickly after every later lost answer, too, once for each pause of R", () => {
    let secret = fresh;
    let now = T0;
    const pauses = Array.from({ length: 8 }, () => {
      secret = afterRefusal(secret, refusal("ambiguous", "timeout"), now, NO_JITTER);
      const pause = (secret.refreshAt ?? 0) - now;
      now = secret.refreshAt ?? 0;
      return pause / SECOND;
    });
    expect(pauses).toEqual([1, 4, 5, 4, 20, 4, 60, 4]);
  });

  test("knows for half a minute that the refresh token may be taken again", () => {
    const lost = afterLostAnswer(fresh, T0, NO_JITTER);
    expect([0, 29, 30].map((seconds) => isReuseLikely(lost, T0 + seconds * SECOND))).toEqual([true, true, false]);
    const again = afterRefusal(lost, refusal("ambiguous", "http_502"), T0 + HOUR, NO_JITTER);
    expect([0, 29, 30].map((seconds) => isReuseLikely(again, T0 + HOUR + seconds * SECOND))).toEqual([
      true,
      true,
      false,
    ]);
    const down = { kind: "held_back", until: T0 + MINUTE, because: "provider_down" } as const;
    const after = afterRefusal(
      afterHeldBack(fresh, down, T0),
      refusal("ambiguous", "http_502"),
      T0 + MINUTE,
      NO_JITTER,
    );
    expect(isReuseLikely(after, T0 + MINUTE + SECOND)).toBe(true);
    expect(isReuseLikely(afterRefusal(fresh, refusal("retry"), T0, NO_JITTER), T0)).toBe(false);
    expect(isReuseLikely(fresh, T0)).toBe(false);
  });

  test("gives a provider that is busy with the grant two seconds, and then R", () => {
    const first = afterRefusal(fresh, refusal("retry", "invalid_grant"), T0, NO_JITTER);
    const second = afterRefusal(first, refusal("retry", "invalid_grant"), T0, NO_JITTER);
    expect([first, second].map(({ refreshAt }) => ((refreshAt ?? 0) - T0) / SECOND)).toEqual([2, 5]);
    expect(healthOf(second, T0).status).toBe("degraded");
  });

  test.each([
    // asked at, Retry-After, due then, again at (seconds before expiry)
    ["when it says", 60, 20, 60, 40],
    ["when it was due anyway, if somebody asked before", 600, null, 60, 60],
    ["half-way to expiry, if it was due", 60, null, 60, 30],
    ["half-way again", 30, null, 30, 15],
    ["not more often than every second", 1, null, 1, 0],
  ])("asks a provider that was asked too early again %s", (_, left, retryAfter, due, again) => {
    const expiresAt = T0 + HOUR;
    const now = expiresAt - left * SECOND;
    const before = { ...fresh, refreshAt: expiresAt - due * SECOND };
    const after = afterRefusal(before, refusal("too_early", "too_early", retryAfter), now, NO_JITTER);
    expect(after).toMatchObject({ trouble: null, refreshAt: expiresAt - again * SECOND });
    expect(after.notBefore).toBe(after.refreshAt);
    expect(healthOf(after, now).status).toBe("ok");
    expect(isTooEarly(after, now)).toBe(true);
  });

  test("believes a provider that does not say for how long it is too early for an hour at most", () => {
    const long = granted(fresh, { expiresAt: T0 + 60 * DAY });
    const after = afterRefusal(long, refusal("too_early", "too_early"), T0, NO_JITTER);
    expect([after.refreshAt, after.notBefore]).toEqual([T0 + 60 * DAY - MINUTE, T0 + HOUR]);
  });

  test("takes a provider that finds it too early for one that knows the grant", () => {
    for (const before of [refusal("reauthorize", "invalid_grant"), refusal("config_error", "invalid_client")]) {
      const troubled = afterRefusal(fresh, before, T0, NO_JITTER);
      expect(afterRefusal(troubled, refusal("too_early", "too_early"), T0 + SECOND, NO_JITTER).trouble).toBeNull();
    }
  });

  test("remembers an answer that was lost before a provider found it too early: the young token may be the one in it", () => {
    const lost = afterRefusal(fresh, refusal("ambiguous", "timeout"), T0, NO_JITTER);
    const after = afterRefusal(lost, refusal("too_early", "too_early"), T0 + SECOND, NO_JITTER);
    expect(after.trouble).toMatchObject({ kind: "retrying", ambiguous: true });
  });

  test("does not let a read or min_ttl ask before that", () => {
    const after = afterRefusal(fresh, refusal("too_early", "too_early", 20), T0 + HOUR - MINUTE, NO_JITTER);
    expect(whatReadNeeds(after, T0 + HOUR - MINUTE)).toBe("serve");
    expect(isDue(after, T0 + HOUR - 40 * SECOND)).toBe(true);
  });

  test("backs off from a provider to which even an expired token is too early", () => {
    const after = afterRefusal(fresh, refusal("too_early", "too_early"), T0 + HOUR, NO_JITTER);
    expect(after).toMatchObject({ trouble: { kind: "retrying", reason: "too_early" }, refreshAt: T0 + HOUR + SECOND });
  });

  test("tries again quickly after a lost answer although it came with Retry-After: later the spent token is forgotten", () => {
    const lost = refusal("ambiguous", "http_503", 120);
    let secret = fresh;
    const pauses = [0, 1, 2].map(() => {
      secret = afterRefusal(secret, lost, T0, NO_JITTER);
      return ((secret.refreshAt ?? 0) - T0) / SECOND;
    });
    expect(pauses).toEqual([1, 4, 120]);
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

  test("confirms a dead grant by whatever code the provider has for it", () => {
    const dead = refusal("reauthorize", "provider_refused");
    const lost = afterLostAnswer(fresh, T0, NO_JITTER);
    const [first, second] = [fresh, lost].map((secret) => afterRefusal(secret, dead, T0, NO_JITTER));
    expect([first?.trouble?.kind, second?.trouble?.kind]).toEqual(["confirming", "confirming"]);
    expect(afterRefusal(first ?? fresh, dead, T0, NO_JITTER).trouble?.reason).toBe("provider_refused");
    expect(afterRefusal(second ?? fresh, dead, T0, NO_JITTER).trouble?.reason).toBe("lost_rotation");
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

describe("afterClientChange", () => {
  test("makes a secret that waits for it due at once, and leaves any other alone", () => {
    const refused = afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER);
    expect(isDue(refused, T0)).toBe(false);
    expect(isDue(afterClientChange(refused, T0), T0)).toBe(true);
    expect(afterClientChange(fresh, T0)).toBe(fresh);
  });
});

describe("afterHeldBack", () => {
  const until = T0 + 20 * SECOND;
  const down = { kind: "held_back", until, because: "provider_down" } as const;

  test("moves the next attempt and shows that the provider is down, which counts as no failure", () => {
    const held = afterHeldBack(fresh, down, T0);
    expect(held).toEqual({
      ...fresh,
      refreshAt: until,
      trouble: {
        kind: "retrying",
        reason: "provider_unreachable",
        since: T0,
        failures: 0,
        ambiguous: false,
        lostAt: null,
        quickTries: 0,
      },
    });
    expect(afterRefusal(held, refusal("retry"), until, NO_JITTER)).toMatchObject({ refreshAt: until + SECOND });
  });

  test("means no trouble when there was only no room", () => {
    expect(afterHeldBack(fresh, { ...down, because: "no_room" }, T0)).toEqual({ ...fresh, refreshAt: until });
  });

  test.each<[string, Refusal]>([
    ["an ambiguous answer", refusal("ambiguous", "timeout")],
    ["a first invalid_grant", refusal("reauthorize", "invalid_grant")],
    ["a refused client", refusal("config_error", "invalid_client")],
  ])("leaves the trouble of %s as it was", (_, before) => {
    const troubled = afterRefusal(fresh, before, T0, NO_JITTER);
    expect(afterHeldBack(troubled, down, T0 + SECOND)).toEqual({ ...troubled, refreshAt: until });
  });
});
