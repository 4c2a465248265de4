/** Under which keys what is stored is sealed, as D1 can tell, and what came of bringing all of it under one. Knows no key, only their names. */

import { beginningOf } from "../crypto/seal.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";

/** How many records of each kind. */
export interface RecordCounts {
  authClients: number;
  issuers: number;
  authSecrets: number;
}

/** `rewrapping`: a first pass is under way · `settling`: it waits before it looks again · `finished`: it found nothing more to do. */
export type RewrapState = "rewrapping" | "settling" | "finished";

/** What bringing all records under a key came to so far. Records are named as `auth-client/{id}`; of many, the first. */
export interface RewrapProgress {
  /** How many were brought under the key, or said that they are. */
  done: RecordCounts;
  /** Records that do not open, in the last pass. */
  unopened: string[];
  /** Actors that did not do it, in the last pass. */
  behind: string[];
}

export interface Rewrap extends RewrapProgress {
  state: RewrapState;
  startedAt: number;
  finishedAt: number | null;
}

/** A secret that another key is needed for than the first. `kids`: what the index says; null: nothing. */
export interface SecretUnderOthers {
  id: SecretId;
  workspaceId: WorkspaceId;
  createdAt: number;
  kids: string | null;
}

const COUNT = `SELECT
  (SELECT count(*) FROM auth_clients WHERE substr(credentials, 1, length(?1)) = ?1) AS authClients,
  (SELECT count(*) FROM issuers WHERE substr(metadata, 1, length(?1)) = ?1) AS issuers,
  (SELECT count(*) FROM secrets WHERE kids IS NULL OR instr(' ' || kids || ' ', ' ' || ?2 || ' ') > 0) AS authSecrets`;
/** Under none of these keys. A secret that needs several is not among them; one that does not say may need any. */
const COUNT_OTHERS = `SELECT
  (SELECT count(*) FROM auth_clients WHERE NOT EXISTS
    (SELECT 1 FROM json_each(?1) WHERE substr(credentials, 1, length(value)) = value)) AS authClients,
  (SELECT count(*) FROM issuers WHERE metadata IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM json_each(?1) WHERE substr(metadata, 1, length(value)) = value)) AS issuers,
  (SELECT count(*) FROM secrets WHERE kids IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM json_each(?2) WHERE instr(' ' || kids || ' ', ' ' || value || ' ') > 0)) AS authSecrets`;
const ANY_UNDER_OTHERS = `SELECT EXISTS (SELECT 1 FROM auth_clients WHERE substr(credentials, 1, length(?1)) <> ?1)
  OR EXISTS (SELECT 1 FROM issuers WHERE substr(metadata, 1, length(?1)) <> ?1)
  OR EXISTS (SELECT 1 FROM secrets WHERE kids IS NOT ?2) AS found`;
const FIND_SECRETS = `SELECT id, workspace_id AS workspaceId, created_at AS createdAt, kids FROM secrets
  WHERE kids IS NOT ?1 AND id > ?2 ORDER BY id LIMIT ?3`;
const FORGET = "DELETE FROM secrets WHERE id IN (SELECT value FROM json_each(?1)) AND created_at < ?2";
const START = `INSERT INTO rewraps (kid, state, started_at, progress) VALUES (?1, 'rewrapping', ?2, ?3)
  ON CONFLICT (kid) DO UPDATE
  SET state = excluded.state, started_at = excluded.started_at, finished_at = NULL, progress = excluded.progress`;
const NOTE = "UPDATE rewraps SET state = ?2, finished_at = ?3, progress = ?4 WHERE kid = ?1";
const FIND = "SELECT state, started_at, finished_at, progress FROM rewraps WHERE kid = ?";

/** Counts what each of these keys may be needed for, and at the end what is under none of them. */
export async function countUnderKeys(db: D1Database, kids: readonly string[]): Promise<RecordCounts[]> {
  const others = db.prepare(COUNT_OTHERS).bind(JSON.stringify(kids.map(beginningOf)), JSON.stringify(kids));
  const counts = await db.batch<RecordCounts>([
    ...kids.map((kid) => db.prepare(COUNT).bind(beginningOf(kid), kid)),
    others,
  ]);
  return counts.flatMap(({ results }) => results);
}

/** Decides whether anything stored needs another key than this one. */
export async function isAnyUnderOthers(db: D1Database, kid: string): Promise<boolean> {
  return (await db.prepare(ANY_UNDER_OTHERS).bind(beginningOf(kid), kid).first<number>("found")) === 1;
}

/** Finds some secrets whose entry does not say that this key is all that it takes, in the order of their ids. */
export async function findSecretsUnderOthers(
  db: D1Database,
  kid: string,
  after: string,
  limit: number,
): Promise<SecretUnderOthers[]> {
  return (await db.prepare(FIND_SECRETS).bind(kid, after, limit).all<SecretUnderOthers>()).results;
}

/** Removes those of some entries that are older than an instant. */
export async function forgetOrphans(db: D1Database, ids: SecretId[], before: number): Promise<void> {
  await db.prepare(FORGET).bind(JSON.stringify(ids), before).run();
}

/** Notes that bringing all records under a key begins, anew if it was done before. */
export async function noteRewrapStarted(
  db: D1Database,
  kid: string,
  at: number,
  progress: RewrapProgress,
): Promise<void> {
  await db.prepare(START).bind(kid, at, JSON.stringify(progress)).run();
}

/** Notes how far it has come. */
export async function noteRewrap(
  db: D1Database,
  kid: string,
  state: RewrapState,
  finishedAt: number | null,
  { done, unopened, behind }: RewrapProgress,
): Promise<void> {
  const progress: RewrapProgress = { done, unopened, behind };
  await db.prepare(NOTE).bind(kid, state, finishedAt, JSON.stringify(progress)).run();
}

/** Finds what came of it for a key; null: it was never begun. */
export async function findRewrap(db: D1Database, kid: string): Promise<Rewrap | null> {
  const row = await db
    .prepare(FIND)
    .bind(kid)
    .first<{ state: RewrapState; started_at: number; finished_at: number | null; progress: string }>();
  if (row === null) return null;
  const progress = JSON.parse(row.progress) as RewrapProgress;
  return { state: row.state, startedAt: row.started_at, finishedAt: row.finished_at, ...progress };
}
