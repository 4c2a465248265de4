/** Copies of tokens: a table, and properties over random histories. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { afterClientChange, afterLostAnswer, afterRefusal } from "../../src/domain/after-attempt.ts";
import { REFUSAL_CLASSES } from "../../src/domain/oauth2/response.ts";
import { beginAttempt, isServable, whatReadNeeds } from "../../src/domain/refresh-schedule.ts";
import type { Secret } from "../../src/domain/secret.ts";
import { copyEndsAt, outdatesCopies } from "../../src/domain/token-copy.ts";
import { blank, fresh, granted, HOUR, MINUTE, refusal, SECOND, T0 } from "../support/schedule.ts";

describe("copyEndsAt: a copy of a token", () => {
  test.each<[string, Secret, number | null]>([
    ["that is renewed ends when that is due", fresh, T0 + HOUR - MINUTE],
    ["that lives 20 seconds likewise", granted(blank, { expiresAt: T0 + 20 * SECOND }), T0 + 10 * SECOND],
    ["that is not renewed ends with it", granted(blank, { renewedWith: null }), T0 + HOUR],
    ["that never expires does not end", granted(blank, { expiresAt: null, renewedWith: null }), null],
    ["of a client that wants none is none", granted(blank, {}, { mayBeCopied: false }), 0],
  ])("%s", (_, secret, endsAt) => {
    expect(copyEndsAt(secret)).toBe(endsAt);
  });
});

describe("outdatesCopies", () => {
  const now = T0 + MINUTE;
  const misconfigured = afterRefusal(fresh, refusal("config_error"), now, 0.5);

  test.each<[string, Secret, Secret | null, number, boolean]>([
    ["a next version does", fresh, granted(fresh), now, true],
    ["the end of the secret does", fresh, null, now, true],
    ["another health does", fresh, misconfigured, now, true],
    ["a refresh that is due sooner does", misconfigured, afterClientChange(misconfigured, now), now, true],
    ["a new name does not", fresh, { ...fresh, name: "y" }, now, false],
    [
      "the journal does not",
      fresh,
      beginAttempt(fresh, { id: "a", version: 1, fingerprint: "", sentAt: now }),
      now,
      false,
    ],
    ["nothing does where all copies have ended", fresh, granted(fresh), T0 + HOUR - MINUTE, false],
  ])("%s", (_, before, next, at, expected) => {
    expect(outdatesCopies(before, next, at)).toBe(expected);
  });
});

/** What may happen to a secret, each at a moment of its own. */
const step = fc.oneof(
  fc.record({ lifetime: fc.integer({ min: 1, max: 7200 }), mayBeCopied: fc.boolean(), never: fc.boolean() }),
  fc.constantFrom(...REFUSAL_CLASSES),
  fc.constantFrom("lost" as const, "changed" as const, "renamed" as const),
);

function after(secret: Secret, happened: typeof step extends fc.Arbitrary<infer T> ? T : never, now: number): Secret {
  if (typeof happened === "object") {
    const expiresAt = happened.never ? null : now + happened.lifetime * SECOND;
    return granted(secret, { issuedAt: now, expiresAt }, { mayBeCopied: happened.mayBeCopied });
  }
  if (happened === "lost") return afterLostAnswer(secret, now, 0.5);
  if (happened === "changed") return afterClientChange(secret, now);
  if (happened === "renamed") return { ...secret, name: `${secret.name}x` };
  return afterRefusal(secret, refusal(happened), now, 0.5);
}

test("a copy that nobody dropped says what the actor would say, as long as it lasts", () => {
  const history = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 4000 })), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(history, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (steps, moment) => {
      let now = T0;
      let secret = fresh;
      /** What the oldest copy that may still be about was made of. */
      let copied = fresh;
      for (const [happened, seconds] of steps) {
        now += seconds * SECOND;
        const next = after(secret, happened, now);
        if (outdatesCopies(secret, next, now) || (copyEndsAt(copied) ?? Infinity) <= now) copied = next;
        secret = next;
        const endsAt = copyEndsAt(copied) ?? now + HOUR;
        if (endsAt <= now) continue;
        const at = now + Math.floor(moment * (endsAt - now));
        expect([whatReadNeeds(secret, at), isServable(secret, at), secret.version]).toEqual([
          "serve",
          true,
          copied.version,
        ]);
      }
    }),
    { numRuns: 2000 },
  );
});
