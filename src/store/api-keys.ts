/** API keys in D1. Of the key itself only the SHA-256 of its random part is here. */

import type { ApiKeyId } from "../domain/ids.ts";
import { isPermission, type Permission } from "../domain/permissions.ts";
import type { Level, Lineage, Place } from "../domain/place.ts";
import { ServiceError } from "../errors.ts";
import { type Page, type Paged, readPage } from "./page.ts";
import { asSeen, belongsIn, PLACE_IS_LIVE, type PlaceColumns, placeOf } from "./places.ts";

/** Instants are milliseconds since the epoch. */
export interface ApiKey {
  id: ApiKeyId;
  name: string;
  /** Null: any user name of Basic authorization will do. */
  email: string | null;
  place: Place;
  permissions: Permission[];
  /** SHA-256 of the random part. */
  hash: string;
  /** Null: never. */
  expiresAt: number | null;
  createdAt: number;
  /** To the minute. */
  lastUsedAt: number | null;
}

interface Row extends PlaceColumns {
  id: ApiKeyId;
  name: string;
  email: string | null;
  permissions: string;
  hash: string;
  expires_at: number | null;
  created_at: number;
  last_used_at: number | null;
}

const INSERT = `INSERT INTO api_keys (level, place_id, id, name, email, permissions, hash, expires_at, created_at)
  SELECT ?1, ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE ${PLACE_IS_LIVE}`;
const FIND = "SELECT * FROM api_keys WHERE id = ?";
const DELETE = "DELETE FROM api_keys WHERE id = ?";
const NOTE_USE = "UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";

/** Stores a new key. `at` is what its scope lies in. @throws {ServiceError} `not_found` when its scope was deleted meanwhile */
export async function insertApiKey(db: D1Database, key: ApiKey, at: Lineage): Promise<void> {
  const { id, name, email, hash, expiresAt, createdAt } = key;
  const values = [id, name, email, JSON.stringify(key.permissions), hash, expiresAt, createdAt];
  const { meta } = await db
    .prepare(INSERT)
    .bind(...asSeen(at), ...values)
    .run();
  if (meta.changes === 0) throw new ServiceError("not_found", "What the key is for was deleted meanwhile.");
}

/** Finds a key, expired or not. */
export async function findApiKey(db: D1Database, id: ApiKeyId): Promise<ApiKey | null> {
  const row = await db.prepare(FIND).bind(id).first<Row>();
  return row === null ? null : apiKeyOf(row);
}

/** Lists the keys whose scope lies in a place and has one of the levels. */
export async function listApiKeys(
  db: D1Database,
  within: Place,
  levels: readonly Level[],
  page: Page,
): Promise<Paged<ApiKey>> {
  const ofLevel = { sql: "level IN (SELECT value FROM json_each(?))", values: [JSON.stringify(levels)] };
  const { items, total } = await readPage<Row>(db, "api_keys", [ofLevel, ...belongsIn(within)], page);
  return { items: items.map(apiKeyOf), total };
}

export async function deleteApiKey(db: D1Database, id: ApiKeyId): Promise<void> {
  await db.prepare(DELETE).bind(id).run();
}

/** Notes in which minute a key was last used. */
export async function noteUse(db: D1Database, id: ApiKeyId, minute: number): Promise<void> {
  await db.prepare(NOTE_USE).bind(id, minute).run();
}

function apiKeyOf(row: Row): ApiKey {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    place: placeOf(row),
    permissions: (JSON.parse(row.permissions) as string[]).filter(isPermission),
    hash: row.hash,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}
