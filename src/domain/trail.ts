/**
 * What a secret's actor remembers of what happened to it: the last hundred events, packed tightly since they lie in its one row. Each has a
 * number, so that whoever is told of them notices when one is missing. Pure.
 */

import type { EventBatch, EventOutcome, EventType, Happened, Remembered, Trigger } from "./events.ts";
import type { SecretId, WorkspaceId } from "./ids.ts";

export interface Trail {
  /** The number of the last event. */
  count: number;
  /** The number of the last event of which the workspace's trail was told. */
  told: number;
  /** The last events, oldest first. */
  events: Packed[];
  /** Telling failed, and is tried again by an alarm. */
  isBehind?: boolean;
}

/** An event without the names of its members. */
export type Packed = [
  event: EventType,
  at: number,
  actor: string,
  outcome: EventOutcome,
  reason: string | null,
  trigger: Trigger | null,
  durationMs: number | null,
  version: number | null,
  requestId: string | null,
];

export const EMPTY_TRAIL: Trail = { count: 0, told: 0, events: [] };
/** As many events are remembered. */
export const MOST_REMEMBERED = 100;

/** Adds what happened; what is too old is forgotten. */
export function remembering(trail: Trail, happened: readonly Happened[], at: number, version: number | null): Trail {
  if (happened.length === 0) return trail;
  const added = happened.map((each): Packed => {
    const { event, actor, outcome, reason = null, trigger = null, durationMs = null, requestId = null } = each;
    return [event, at, actor, outcome, reason, trigger, durationMs, version, requestId];
  });
  const events = [...trail.events, ...added].slice(-MOST_REMEMBERED);
  return { ...trail, count: trail.count + added.length, events };
}

/** Lists what is remembered, oldest first. */
export function rememberedIn({ count, events }: Trail): Remembered[] {
  return events.map(([event, at, actor, outcome, reason, trigger, durationMs, version, requestId], index) => {
    const sequence = count - events.length + index + 1;
    return { sequence, event, at, actor, outcome, reason, trigger, durationMs, version, requestId };
  });
}

/** Gives what the trail of a secret's workspace has not been told of, ready to be sent; null: nothing. */
export function untold(
  trail: Trail,
  { id, workspaceId, seen = null }: { id: SecretId; workspaceId: WorkspaceId; seen?: string | null },
): EventBatch | null {
  const remembered = rememberedIn(trail);
  const events = remembered.filter(({ sequence }) => sequence > trail.told);
  const [first] = events;
  if (first === undefined) return null;
  const subject = { type: "auth-secret", id } as const;
  const place = { level: "workspace", id: workspaceId } as const;
  return {
    source: id,
    since: remembered.find(({ sequence }) => sequence === first.sequence - 1)?.at ?? null,
    events: events.map((event) => ({ ...event, subject, place, seen })),
  };
}
