/** When the provider's record says that a grant could not be saved, and when it says that it could. */

import { describe, expect, test } from "vitest";
import { lostItsAnswer, phaseAtKill } from "./support/kill-record.ts";
import type { TokenCall } from "./support/provider-contract.ts";

const KILLED_AT = Date.parse("2030-01-01T00:00:00Z");
const run = { startedAt: KILLED_AT - 60_000, killedAt: KILLED_AT };

interface Times {
  at: number;
  processed?: number;
  answered?: number;
}

/** A request; times in milliseconds from the kill. */
function call(spends: string, issues: string | null, { at, processed, answered }: Times): TokenCall {
  const instant = (ms: number) => new Date(KILLED_AT + ms).toISOString();
  return {
    at: instant(at),
    grant_type: "refresh_token",
    status: answered === undefined ? 0 : issues === null ? 400 : 200,
    client_id: "x",
    body_keys: [],
    refresh_token_sha256: spends,
    ...(issues !== null && { issued_sha256: issues }),
    ...(processed !== undefined && { processed_at: instant(processed) }),
    ...(answered !== undefined && { answered_at: instant(answered) }),
  };
}

const unheard = call("a", "b", { at: -300, processed: -100 });
const heardTooLate = call("a", "b", { at: -300, processed: -100, answered: -1 });
const heardInTime = call("a", "b", { at: -900, processed: -800, answered: -600 });
const unprocessed = call("a", null, { at: -100 });
const refused = call("a", null, { at: 5000, processed: 5100, answered: 5200 });

describe("an answer was lost that held the only way on", () => {
  test.each([
    ["when it was on its way at the kill, and the spent token came again", [unheard, refused], true],
    ["when it came too late to be stored", [heardTooLate, refused], true],
    ["but not when there was time to store it", [heardInTime, refused], false],
    ["nor when the request was never processed", [unprocessed, refused], false],
    ["nor while the spent token has not come again", [unheard], false],
    ["nor when the new token came", [heardTooLate, call("b", "c", { at: 5000, processed: 5100 })], false],
    ["nor when it was given once more", [unheard, call("a", "b", { at: 5000, answered: 5100 })], false],
    ["yet when that was lost as well", [unheard, call("a", "b", { at: 5000 }), refused], true],
    ["nor when another process had asked", [call("a", "b", { at: 3000, processed: 3100 }), refused], false],
  ])("%s", (_, calls, expected) => {
    expect(lostItsAnswer(calls, run)).toBe(expected);
  });
});

describe("at the kill a refresh was", () => {
  test.each([
    ["nowhere, with none due", [heardInTime], false, null],
    ["nowhere yet, with one due", [heardInTime], true, "before the request"],
    ["at the provider", [heardInTime, unprocessed], true, "before it was processed"],
    ["processed", [unheard], true, "answer on its way"],
    ["answered a moment ago", [heardTooLate], false, "just answered"],
  ] as const)("%s", (_, calls, isDue, expected) => {
    expect(phaseAtKill([...calls], run, isDue)).toBe(expected);
  });
});
