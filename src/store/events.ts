/** The trail of events in D1: appended in the order of arrival, read on from a cursor, removed when old or with its place. */

import type { AuditEvent, EventType, KeptEvent, Subject } from "../domain/events.ts";
import type { Level, NarrowPlace, Place } from "../domain/place.ts";
import { columnsOf, isLivePlace, type PlaceColumns, placeOf } from "./places.ts";

export interface EventFilters {
  type: EventType | undefined;
  /** The id of what they are about. */
  subject: string | undefined;
}

/** The oldest first, or the newest. */
export type EventOrder = "asc" | "desc";

interface Row extends PlaceColumns {
  position: number;
  source: string;
  sequence: number;
  event: AuditEvent["event"];
  at: number;
  actor: string;
  subject_type: Subject["type"];
  subject_id: string;
  version: number | null;
  outcome: AuditEvent["outcome"];
  reason: string | null;
  triggered_by: AuditEvent["trigger"];
  duration_ms: number | null;
  request_id: string | null;
}

/** Where the place and what was seen around it stand among an event's values. */
const [LEVEL, PLACE_ID, SEEN_AROUND] = [2, 3, 15].map((index) => `value ->> ${index}`) as [string, string, string];
/** As many events go into one statement: its one value may have two megabytes. */
const MOST_AT_ONCE = 1500;
const COLUMNS = [
  ...["source", "sequence", "level", "place_id", "event", "at", "actor", "subject_type", "subject_id"],
  ...["version", "outcome", "reason", "triggered_by", "duration_ms", "request_id"],
];
const INSERT = `INSERT INTO events (${COLUMNS.join(", ")}, received_at)
  SELECT ${COLUMNS.map((_, index) => `value ->> ${index}`).join(", ")}, ?2 FROM json_each(?1)
  WHERE ${isLivePlace(LEVEL, PLACE_ID, SEEN_AROUND)} ORDER BY key
  ON CONFLICT (source, sequence) DO NOTHING`;
const HEAR = `INSERT INTO event_sources (source, seen, heard_at)
  SELECT value ->> 0, value ->> 1, ?2 FROM json_each(?1) WHERE true
  ON CONFLICT (source) DO UPDATE SET seen = max(seen, excluded.seen), heard_at = excluded.heard_at`;
const SEEN = "SELECT source, seen FROM event_sources WHERE source IN (SELECT value FROM json_each(?))";
// What was lost of sources that tell of many places may concern each of them.
const LIST = (level: Level, where: string, onwards: string) => `
  SELECT * FROM (SELECT * FROM events
    WHERE level = '${level}' AND place_id IS ?1${where} ORDER BY ${onwards} LIMIT ?3)
  UNION ALL
  SELECT * FROM (SELECT * FROM events
    WHERE '${level}' <> 'global' AND level = 'global' AND place_id IS NULL AND event = 'events.lost'${where}
    ORDER BY ${onwards} LIMIT ?3)
  ORDER BY ${onwards} LIMIT ?3`;
const DIRECTIONS = {
  asc: { start: 0, beyond: "position > ?2", onwards: "position" },
  desc: { start: Number.MAX_SAFE_INTEGER, beyond: "position < ?2", onwards: "position DESC" },
};
// Old ones come first, so nothing else has to be looked at.
const FORGET_OLD = `DELETE FROM events WHERE position IN
  (SELECT position FROM (SELECT position, received_at FROM events ORDER BY position LIMIT ?2)
    WHERE received_at < ?1 OR position <= (SELECT max(position) FROM events) - ?3)`;
const FORGET_SOURCES = "DELETE FROM event_sources WHERE heard_at < ?1";
const OLDEST = `SELECT received_at AS receivedAt, (SELECT max(position) FROM events) - position AS newer
  FROM events ORDER BY position LIMIT 1`;

/** Tells up to which number each of these sources was heard. */
export async function findSeen(db: D1Database, sources: string[]): Promise<Map<string, number>> {
  const { results } = await db.prepare(SEEN).bind(JSON.stringify(sources)).all<{ source: string; seen: number }>();
  return new Map(results.map(({ source, seen }) => [source, seen]));
}

/** Appends events in this order, all or none; what is there already stays as it is. Of a place that was deleted meanwhile nothing is kept. */
export async function insertEvents(
  db: D1Database,
  events: readonly { source: string; event: AuditEvent }[],
  seen: ReadonlyMap<string, number>,
  receivedAt: number,
): Promise<void> {
  const rows = events.map(({ source, event }) => valuesOf(source, event));
  const pages = Array.from({ length: Math.ceil(rows.length / MOST_AT_ONCE) }, (_, page) =>
    rows.slice(page * MOST_AT_ONCE, (page + 1) * MOST_AT_ONCE),
  );
  await db.batch([
    ...pages.map((page) => db.prepare(INSERT).bind(JSON.stringify(page), receivedAt)),
    db.prepare(HEAR).bind(JSON.stringify([...seen]), receivedAt),
  ]);
}

/** Lists the events of a place itself, not of what lies in it, beyond a position, in the order in which they were heard of or backwards. Null: from the start. */
export async function listEvents(
  db: D1Database,
  place: Place,
  { type, subject }: EventFilters,
  order: EventOrder,
  after: number | null,
  limit: number,
): Promise<KeptEvent[]> {
  const { start, beyond, onwards } = DIRECTIONS[order];
  const wanted = Object.entries({ event: type, subject_id: subject }).filter(([, value]) => value !== undefined);
  const where = [beyond, ...wanted.map(([column], index) => `${column} = ?${index + 4}`)].join(" AND ");
  const { results } = await db
    .prepare(LIST(place.level, ` AND ${where}`, onwards))
    .bind(columnsOf(place)[1], after ?? start, limit, ...wanted.map(([, value]) => value))
    .all<Row>();
  return results.map(eventOf);
}

/** Removes some of the events that were heard of before an instant, or have `most` newer ones after them. Gives how many. */
export async function forgetOldEvents(db: D1Database, before: number, most: number, limit: number): Promise<number> {
  const { meta } = await db.prepare(FORGET_OLD).bind(before, limit, most).run();
  return meta.changes;
}

/** Tells when the oldest event was heard of, and how many may be newer; null: there is none. */
export async function findOldestEvent(db: D1Database): Promise<{ receivedAt: number; newer: number } | null> {
  return await db.prepare(OLDEST).first();
}

/** Forgets the sources that were heard of last before an instant. Looks at all of them. */
export async function forgetSources(db: D1Database, before: number): Promise<void> {
  await db.prepare(FORGET_SOURCES).bind(before).run();
}

/** Removes some of the events of a removed place and what lies below it. Gives how many. */
export async function forgetEventsIn(db: D1Database, { level, id }: NarrowPlace, limit: number): Promise<number> {
  const within = `SELECT level, id FROM places WHERE ${level}_id = ?1 AND NOT is_live`;
  const sql = `DELETE FROM events WHERE position IN
    (SELECT position FROM events WHERE (level, place_id) IN (${within}) LIMIT ?2)`;
  const { meta } = await db.prepare(sql).bind(id, limit).run();
  return meta.changes;
}

function valuesOf(source: string, event: AuditEvent): (string | number | null)[] {
  const { sequence, at, actor, subject, version, outcome, reason, trigger, durationMs, requestId, seen } = event;
  return [
    ...[source, sequence, ...columnsOf(event.place), event.event, at, actor, subject.type, subject.id],
    ...[version, outcome, reason, trigger, durationMs, requestId, seen],
  ];
}

function eventOf(row: Row): KeptEvent {
  return {
    position: row.position,
    source: row.source,
    sequence: row.sequence,
    event: row.event,
    at: row.at,
    actor: row.actor,
    outcome: row.outcome,
    reason: row.reason,
    trigger: row.triggered_by,
    durationMs: row.duration_ms,
    version: row.version,
    requestId: row.request_id,
    subject: { type: row.subject_type, id: row.subject_id },
    place: placeOf(row),
    seen: null,
  };
}
