/**
 * In which order what sources tell is kept, and what of it is missing. Queues deliver at least once and in any order: what comes early waits
 * for what is before it, for two minutes; then what is missing is called lost. Pure.
 */

import type { AuditEvent, EventBatch } from "./events.ts";

/** A batch, and when it was sent. */
export interface Arrival<M> {
  message: M;
  batch: EventBatch;
  sentAt: number;
}

/** Events that nobody has heard of, though their source told of later ones. */
export interface Gap {
  source: string;
  from: number;
  to: number;
}

export interface Ordered<M> {
  /** In the order in which they are kept, with a record of each gap. */
  events: { source: string; event: AuditEvent }[];
  gaps: Gap[];
  /** Up to which number each source was heard now. */
  seen: Map<string, number>;
  /** What came too early. */
  early: M[];
}

const PATIENCE_MS = 120_000;

/**
 * Orders what arrived. `seen` has up to which number each source was heard before; one that was heard of longer ago than `keptMs` may
 * have been forgotten, and then misses nothing.
 */
export function inOrder<M>(
  arrivals: readonly Arrival<M>[],
  seen: ReadonlyMap<string, number>,
  { now, keptMs }: { now: number; keptMs: number },
): Ordered<M> {
  const ordered: Ordered<M> = { events: [], gaps: [], seen: new Map(), early: [] };
  const firstOf = ({ batch }: Arrival<M>) => batch.events[0]?.sequence ?? 0;
  for (const { message, batch, sentAt } of arrivals.toSorted((one, other) => firstOf(one) - firstOf(other))) {
    const { source, events } = batch;
    const [first] = events;
    if (first === undefined) continue;
    const known = ordered.seen.get(source) ?? seen.get(source);
    const isForgotten = known === undefined && batch.since !== null && batch.since < now - keptMs;
    const expected = isForgotten ? first.sequence : (known ?? 0) + 1;
    const isEarly = first.sequence > expected;
    if (isEarly && now - sentAt < PATIENCE_MS) {
      ordered.early.push(message);
      continue;
    }
    if (isEarly) {
      const gap = { source, from: expected, to: first.sequence - 1 };
      ordered.gaps.push(gap);
      ordered.events.push({ source: `${source}/lost`, event: lost(gap, first, now) });
    }
    ordered.events.push(...events.map((event) => ({ source, event })));
    ordered.seen.set(source, Math.max(known ?? 0, first.sequence + events.length - 1));
  }
  return ordered;
}

/** The record of a gap. A secret's actor tells of its own workspace alone; whose events others lost, nobody knows: it may concern all. */
function lost({ source, from, to }: Gap, next: AuditEvent, now: number): AuditEvent {
  const isOfActor = next.subject.id === source;
  return {
    sequence: from,
    event: "events.lost",
    at: now,
    actor: "system",
    outcome: "failed",
    reason: "missing",
    trigger: null,
    durationMs: null,
    version: null,
    requestId: null,
    subject: { type: "events", id: `${source}.${from}-${to}` },
    place: isOfActor ? next.place : { level: "global" },
    seen: next.seen,
  };
}
