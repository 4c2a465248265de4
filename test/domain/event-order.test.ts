import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Arrival, inOrder } from "../../src/domain/event-order.ts";
import type { AuditEvent } from "../../src/domain/events.ts";
import type { WorkspaceId } from "../../src/domain/ids.ts";

const NOW = 10_000_000_000;
const KEPT = { now: NOW, keptMs: 86_400_000 };
const MINUTE = 60_000;
const place = { level: "workspace", id: "w" as WorkspaceId } as const;

function eventAt(sequence: number, subject: string): AuditEvent {
  return {
    ...{ sequence, event: "secret.changed", at: sequence, actor: "root", outcome: "ok", reason: null, trigger: null },
    ...{
      durationMs: null,
      version: 1,
      requestId: "r",
      subject: { type: "auth-secret", id: subject },
      place,
      seen: null,
    },
  };
}

/** A batch with the events from one number to another. */
function arrival(
  source: string,
  from: number,
  to: number,
  more: { sentAt?: number; since?: number } = {},
): Arrival<string> {
  const events = Array.from({ length: to - from + 1 }, (_, index) => eventAt(from + index, source));
  const { sentAt = NOW, since = null } = more;
  return { message: `${source} ${from}-${to}`, batch: { source, since, events }, sentAt };
}

const numbers = ({ events }: ReturnType<typeof inOrder>) =>
  events.map(({ source, event }) => `${source} ${event.sequence}`);

describe("inOrder", () => {
  test("puts the batches of a source in their order, whichever came first", () => {
    const ordered = inOrder([arrival("a", 3, 4), arrival("a", 1, 2)], new Map(), KEPT);
    expect(numbers(ordered)).toEqual(["a 1", "a 2", "a 3", "a 4"]);
    expect([ordered.seen, ordered.early, ordered.gaps]).toEqual([new Map([["a", 4]]), [], []]);
  });

  test("lets what came early wait, and everything after it", () => {
    const ordered = inOrder([arrival("a", 7, 8), arrival("a", 5, 6), arrival("b", 1, 1)], new Map([["a", 3]]), KEPT);
    expect(numbers(ordered)).toEqual(["b 1"]);
    expect(ordered.early).toEqual(["a 5-6", "a 7-8"]);
  });

  test("calls lost what has not come for two minutes, in front of what has, and goes on (SECURITY 25)", () => {
    const late = { sentAt: NOW - 2 * MINUTE };
    const ordered = inOrder([arrival("a", 5, 5, late), arrival("a", 6, 6)], new Map([["a", 2]]), KEPT);
    expect(numbers(ordered)).toEqual(["a/lost 3", "a 5", "a 6"]);
    expect(ordered.gaps).toEqual([{ source: "a", from: 3, to: 4 }]);
    expect(ordered.events[0]?.event).toMatchObject({
      ...{ event: "events.lost", outcome: "failed", reason: "missing", place },
      subject: { type: "events", id: "a.3-4" },
    });
  });

  test("keeps what was called lost when it comes after all", () => {
    expect(numbers(inOrder([arrival("a", 3, 4)], new Map([["a", 6]]), KEPT))).toEqual(["a 3", "a 4"]);
    expect(inOrder([arrival("a", 3, 4)], new Map([["a", 6]]), KEPT).seen.get("a")).toBe(6);
  });

  test("misses nothing of a source that was silent for longer than events are kept", () => {
    const silent = arrival("a", 90, 90, { since: NOW - 2 * KEPT.keptMs });
    expect([numbers(inOrder([silent], new Map(), KEPT)), inOrder([silent], new Map(), KEPT).gaps]).toEqual([
      ["a 90"],
      [],
    ]);
    expect(inOrder([arrival("a", 90, 90, { since: NOW - MINUTE })], new Map(), KEPT).early).toEqual(["a 90-90"]);
  });

  test("says of a source that tells of many that its gap may concern everybody", () => {
    const batch = arrival("isolate", 4, 4, { sentAt: NOW - 2 * MINUTE });
    batch.batch.events = [eventAt(4, "a secret")];
    expect(inOrder([batch], new Map(), KEPT).events[0]?.event.place).toEqual({ level: "global" });
  });

  test("keeps every event, in its source's order, however batches are mixed, doubled and delayed", () => {
    const plan = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 }),
      order: fc.array(fc.integer({ min: 0, max: 999 }), { minLength: 24, maxLength: 24 }),
      rounds: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(plan, ({ sizes, order, rounds }) => {
        let next = 1;
        const batches = sizes.map((size) => arrival("a", next, (next += size) - 1));
        const all = [...batches, ...batches].map((each, index) => ({ each, round: (order[index] ?? 0) % rounds }));
        const kept: number[] = [];
        let seen = new Map<string, number>();
        let waiting: string[] = [];
        for (let round = 0; round <= rounds; round++) {
          const again = batches.filter(({ message }) => waiting.includes(message));
          const ordered = inOrder(
            [...again, ...all.filter((one) => one.round === round).map(({ each }) => each)],
            seen,
            KEPT,
          );
          for (const { event } of ordered.events) if (!kept.includes(event.sequence)) kept.push(event.sequence);
          seen = new Map([...seen, ...ordered.seen]);
          waiting = ordered.early;
        }
        expect(kept).toEqual(Array.from({ length: next - 1 }, (_, index) => index + 1));
      }),
    );
  });
});
