/** Candidates of the sweep in D1: the secrets that it is time to look at. Whether anything is overdue, only their actors know. */

import type { SecretId, WorkspaceId } from "../domain/ids.ts";

/** A secret that it is time to look at. Instants are milliseconds since the epoch. */
export interface Candidate {
  id: SecretId;
  workspaceId: WorkspaceId;
  createdAt: number;
  /** Since when. */
  checkAt: number;
}

interface Row {
  id: SecretId;
  workspace_id: WorkspaceId;
  created_at: number;
  check_at: number;
}

const ANY = "SELECT 1 FROM secrets WHERE check_at <= ? LIMIT 1";
const COUNT = "SELECT count(*) AS candidates FROM secrets WHERE check_at <= ?";
const FIND = `SELECT id, workspace_id, created_at, check_at FROM secrets
  WHERE check_at <= ?1 ORDER BY check_at LIMIT ?2`;
// An actor that has written since it was asked knows better.
const MOVE = `UPDATE secrets SET check_at = each.value ->> 'next' FROM json_each(?) AS each
  WHERE secrets.id = each.value ->> 'id' AND check_at = each.value ->> 'checkAt'`;
const FORGET = `DELETE FROM secrets
  WHERE (id, check_at) IN (SELECT value ->> 'id', value ->> 'checkAt' FROM json_each(?))`;

/** Decides whether there is anything to look at. */
export async function hasCandidates(db: D1Database, now: number): Promise<boolean> {
  return (await db.prepare(ANY).bind(now).first()) !== null;
}

export async function countCandidates(db: D1Database, now: number): Promise<number> {
  return (await db.prepare(COUNT).bind(now).first<number>("candidates")) ?? 0;
}

/** Finds some candidates, those first that have waited longest. */
export async function findCandidates(db: D1Database, now: number, limit: number): Promise<Candidate[]> {
  const { results } = await db.prepare(FIND).bind(now, limit).all<Row>();
  return results.map((row) => ({
    id: row.id,
    workspaceId: row.workspace_id,
    createdAt: row.created_at,
    checkAt: row.check_at,
  }));
}

/** Notes when to look next, and removes entries that lead nowhere. What was written since it was found stays as it is. */
export async function settleCandidates(
  db: D1Database,
  moved: (Candidate & { next: number })[],
  orphans: Candidate[],
): Promise<void> {
  const statements: D1PreparedStatement[] = [];
  if (moved.length > 0) statements.push(db.prepare(MOVE).bind(JSON.stringify(moved)));
  if (orphans.length > 0) statements.push(db.prepare(FORGET).bind(JSON.stringify(orphans)));
  if (statements.length > 0) await db.batch(statements);
}
