/** How large things are: measured, by making them. A database from the migrations with a hundred thousand entries, and one actor's record. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { serialize } from "node:v8";
import type { Sizes } from "./arithmetic.ts";
import { sampleRecord } from "./sample.ts";

const MIGRATIONS = join(import.meta.dirname, "..", "..", "migrations");
const ENTRIES = 100_000;
const WORKSPACES = 1000;
const CLIENTS = 100;
/** Part of the entries that are in error, which have an index of their own. */
const IN_ERROR = 50;
/** Sizes are told to ten bytes: another version of SQLite may fill its pages a little differently. */
const PRECISION = 10;

/** Measures all sizes. Takes some seconds, and gives the same each time. */
export async function measure(): Promise<Sizes> {
  return { row: sizeOfRow(), event: sizeOfEvent(), object: await sizeOfObject() };
}

/** Gives what one entry in the index takes in D1, with its places in the indexes. */
function sizeOfRow(): number {
  const db = migrated();
  const uuid = uuids();
  const workspaces = Array.from({ length: WORKSPACES }, uuid);
  const clients = Array.from({ length: CLIENTS }, uuid);
  const insertClient =
    db.prepare(`INSERT INTO auth_clients (id, level, type, name, components, credentials, refresh_lead_seconds, version, created_at)
    VALUES (?, 'global', 'oauth2', 'x', '[]', 'sealed', 60, 1, 0)`);
  for (const id of clients) insertClient.run(id);
  const before = sizeOf(db);
  const insert =
    db.prepare(`INSERT INTO secrets (id, workspace_id, auth_client_id, user_id, type, name, state, created_at, check_at)
    VALUES (?, ?, ?, ?, 'oauth2', 'Anna Example, sales', ?, ?, ?)`);
  const now = Date.UTC(2026, 0);
  db.exec("BEGIN");
  for (let entry = 0; entry < ENTRIES; entry++) {
    const state = entry % IN_ERROR === 0 ? "error" : "ready";
    const places = [workspaces[entry % WORKSPACES] ?? "", clients[entry % CLIENTS] ?? ""];
    // The sweep looks at them in an order that has nothing to do with their age.
    const checkAt = now + ((entry * 7919) % ENTRIES) * 216;
    insert.run(uuid(), ...places, uuid(), state, now + entry, checkAt);
  }
  db.exec("COMMIT");
  const size = (sizeOf(db) - before) / ENTRIES;
  db.close();
  return Math.round(size / PRECISION) * PRECISION;
}

/** Gives what one event takes in D1, with its places in the indexes: a renewal, of one of the workspaces. */
function sizeOfEvent(): number {
  const db = migrated();
  const uuid = uuids();
  const [workspaces, secrets] = [WORKSPACES, ENTRIES / 10].map((most) => Array.from({ length: most }, uuid));
  const before = sizeOf(db);
  const insert =
    db.prepare(`INSERT INTO events (source, sequence, level, place_id, event, at, actor, subject_type, subject_id,
      version, outcome, reason, triggered_by, duration_ms, request_id, received_at)
    VALUES (?1, ?2, 'workspace', ?3, 'secret.refreshed', ?4, 'alarm', 'auth-secret', ?1, ?2, 'ok', NULL, 'alarm', 300, ?5, ?4)`);
  const now = Date.UTC(2026, 0);
  db.exec("BEGIN");
  for (let entry = 0; entry < ENTRIES; entry++) {
    const secret = entry % (ENTRIES / 10);
    const place = workspaces?.[secret % WORKSPACES] ?? "";
    insert.run(secrets?.[secret] ?? "", Math.floor(entry / (ENTRIES / 10)) + 1, place, now + entry, uuid());
  }
  db.exec("COMMIT");
  const size = (sizeOf(db) - before) / ENTRIES;
  db.close();
  return Math.round(size / PRECISION) * PRECISION;
}

/** Makes a database from the migrations. */
function migrated(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  for (const name of readdirSync(MIGRATIONS).toSorted()) db.exec(readFileSync(join(MIGRATIONS, name), "utf8"));
  return db;
}

/** Gives what one actor takes: the tables that the open-source runtime makes in each object's database, the record in one of them. */
async function sizeOfObject(): Promise<number> {
  const db = new DatabaseSync(":memory:");
  db.exec(`CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
    CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB);
    INSERT INTO _cf_METADATA VALUES (1, 0)`);
  db.prepare("INSERT INTO _cf_KV VALUES ('record', ?)").run(serialize(await sampleRecord()));
  const size = sizeOf(db);
  db.close();
  return size;
}

function sizeOf(db: DatabaseSync): number {
  const of = (pragma: string) => Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
  return of("page_count") * of("page_size");
}

/** Makes ids that look random and are the same each time: the order in which they come decides how full the pages are. */
function uuids(): () => string {
  let state = 1;
  // A step of mulberry32.
  const digits = () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0).toString(16).padStart(8, "0");
  };
  return () => {
    const [first, second, third, fourth] = [digits(), digits(), digits(), digits()];
    return [first, second.slice(0, 4), second.slice(4), third.slice(0, 4), `${third.slice(4)}${fourth}`].join("-");
  };
}
