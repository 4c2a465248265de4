/** A process dies at every await point of a renewal, one after the other: no promise is broken, and within a reuse window no grant is lost. */

import { describe, expect, test } from "vitest";
import type { Rotation } from "./family.ts";
import type { Habits } from "./provider.ts";
import { WELL } from "./habits.ts";
import { report } from "./report.ts";
import { simulate, type Story } from "./simulation.ts";

const TEN_SECONDS = 10_000;
/** The first renewals of this world are by the alarm, by callers who wait and by some who ask. */
const RENEWALS = [1, 2, 3, 4, 5, 6];
/** More than a renewal has: those that follow lie in what its process does next. */
const MOST_POINTS = 40;

const ROTATIONS: [string, Rotation, { mayLose: boolean }][] = [
  ["one refresh token for ever", { kind: "none", graceMs: 0, again: "same" }, { mayLose: false }],
  ["rotation with ten seconds of grace", { kind: "rotating", graceMs: TEN_SECONDS, again: "same" }, { mayLose: false }],
  [
    "the same, another successor each time",
    { kind: "rotating", graceMs: TEN_SECONDS, again: "another" },
    { mayLose: false },
  ],
  [
    "revoked families with ten seconds of grace",
    { kind: "revoking", graceMs: TEN_SECONDS, again: "same" },
    { mayLose: false },
  ],
  ["rotation without grace", { kind: "rotating", graceMs: 0, again: "same" }, { mayLose: true }],
  ["revoked families without grace", { kind: "revoking", graceMs: 0, again: "same" }, { mayLose: true }],
];

describe.each(ROTATIONS)("at a provider with %s", (_, rotation, { mayLose }) => {
  test.each(RENEWALS)("renewal %i, at every point of it", { timeout: 60_000 }, async (renewal) => {
    let points = 0;
    let losses = 0;
    for (; points < MOST_POINTS; points++) {
      const story = await crashing(rotation, { renewal, point: points });
      expect(story.breach === null ? "kept" : report(story).join("\n")).toBe("kept");
      if (!story.counts.has("processes that died")) break;
      losses += story.losses.length;
    }
    expect(points).toBeGreaterThan(20);
    // Between the provider's work and the write that keeps it, a rotated token without grace cannot be had again.
    if (mayLose) expect(losses).toBeGreaterThan(0);
    else expect(losses).toBe(0);
  });
});

async function crashing(rotation: Rotation, crashPoint: { renewal: number; point: number }): Promise<Story> {
  const habits: Habits = { ...WELL, rotation, lifetime: 600 };
  return await simulate({ seed: 5, secrets: 1, days: 0.1, mood: "calm", habits: [habits], crashPoint });
}
