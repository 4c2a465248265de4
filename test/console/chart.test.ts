/** What the chart of the last day counts, and since when it knows all of it. */

import { expect, test } from "vitest";
import { refreshesOfDay } from "../../src/console/chart.tsx";
import type { HistoryEvent } from "../../src/console/state.tsx";

const NOW = Date.parse("2027-01-01T12:00:00Z");
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A history with an event each so many minutes, the newest first. */
function history(count: number, minutesBetween: number, event: HistoryEvent["attributes"]["event"]): HistoryEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(NOW - (index + 1) * minutesBetween * MINUTE).toISOString();
    return { type: "event", id: String(index), attributes: { event, at } } as HistoryEvent;
  });
}

const total = (of: "good" | "bad", { buckets }: ReturnType<typeof refreshesOfDay>) =>
  buckets.reduce((sum, each) => sum + each[of], 0);

test("refreshesOfDay counts what went well and what failed, hour by hour, of the last day alone", () => {
  const day = refreshesOfDay([history(50, 60, "secret.refreshed"), history(3, 30, "secret.refresh_failed")], NOW);
  expect(day.since).toBe(NOW - DAY);
  expect([total("good", day), total("bad", day)]).toEqual([23, 3]);
  expect(day.buckets.at(-1)).toEqual({ good: 0, bad: 1 });
});

test("refreshesOfDay begins where the shortest full memory begins, so that no hour looks quiet because it was forgotten", () => {
  const day = refreshesOfDay([history(100, 5, "secret.refreshed"), history(40, 30, "secret.refreshed")], NOW);
  expect(day.since).toBe(NOW - 500 * MINUTE);
  expect(total("good", day)).toBe(100 + 16);
});
