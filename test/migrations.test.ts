/** The migrations of a database that has rows already: nothing is lost, and what referred to a row still does. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";

const [first, ...others] = readdirSync("migrations")
  .filter((name) => name.endsWith(".sql"))
  .toSorted()
  .map((name) => readFileSync(join("migrations", name), "utf8"));

const ROWS = {
  auth_clients: [
    {
      id: "c-global",
      level: "global",
      place_id: null,
      type: "oauth2",
      name: "Ours",
      components: '["a","b"]',
      credentials: "sealed",
      refresh_lead_seconds: 60,
      version: 3,
      created_at: 1,
    },
    {
      id: "c-workspace",
      level: "workspace",
      place_id: "w",
      type: "basic",
      name: "",
      components: "[]",
      credentials: "sealed too",
      refresh_lead_seconds: 0,
      version: 1,
      created_at: 2,
    },
  ],
  secrets: ["c-global", "c-workspace"].map((auth_client_id, index) => ({
    id: `s-${index}`,
    workspace_id: "w",
    auth_client_id,
    user_id: index === 0 ? null : "u",
    type: "oauth2",
    name: "Mine",
    state: index === 0 ? "ready" : "error",
    created_at: 3 + index,
  })),
  authorizations: [
    {
      id: "a",
      workspace_id: "w",
      secret_id: "s-2",
      auth_client_id: "c-workspace",
      connect_hash: "hash",
      expires_at: 5,
    },
  ],
};

/** A database after the first migration, with rows; then brought up to date. */
function migrated(): DatabaseSync {
  const db = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });
  db.exec(first ?? "");
  for (const [table, rows] of Object.entries(ROWS)) {
    for (const row of rows) {
      const names = Object.keys(row);
      const sql = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
      db.prepare(sql).run(...Object.values(row));
    }
  }
  // As D1 does it: each migration is a transaction.
  for (const migration of others) db.exec(`BEGIN;${migration};COMMIT;`);
  return db;
}

function rowsOf(db: DatabaseSync, table: string): unknown[] {
  return db
    .prepare(`SELECT * FROM ${table} ORDER BY id`)
    .all()
    .map((row) => ({ ...row }));
}

test("migrations keep every row as it was", () => {
  const db = migrated();
  for (const [table, rows] of Object.entries(ROWS)) {
    expect(rowsOf(db, table)).toEqual(rows.map((row) => expect.objectContaining(row)));
  }
});

test("migrations leave no former table behind, and foreign keys that hold", () => {
  const db = migrated();
  expect(db.prepare("SELECT name FROM sqlite_master WHERE sql LIKE '%former_%'").all()).toEqual([]);
  expect(db.prepare("PRAGMA foreign_key_check").all()).toEqual([]);
  expect(() => db.exec("DELETE FROM auth_clients WHERE id = 'c-global'")).toThrowError(/FOREIGN KEY/);
  db.exec("DELETE FROM secrets");
  db.exec("DELETE FROM auth_clients WHERE id = 'c-workspace'");
  expect(rowsOf(db, "authorizations")).toEqual([]);
});

test("migrations let auth clients belong to every level, and to nothing else", () => {
  const db = migrated();
  const insert = (level: string, place: string | null) =>
    db
      .prepare(
        `INSERT INTO auth_clients (id, level, place_id, type, name, components, credentials, refresh_lead_seconds, version, created_at)
         VALUES (?, ?, ?, 'oauth2', 'x', '[]', 'sealed', 60, 1, 0)`,
      )
      .run(crypto.randomUUID(), level, place);
  for (const level of ["tenant", "contract", "workspace"]) insert(level, "id");
  insert("global", null);
  for (const [level, place] of [
    ["global", "id"],
    ["tenant", null],
    ["planet", "id"],
  ] as const) {
    expect(() => insert(level, place)).toThrowError(/CHECK/);
  }
});

test("migrations let the sweep look soon at every secret with tokens, and at no other", () => {
  const db = migrated();
  db.exec("INSERT INTO secrets VALUES ('s-2', 'w', 'c-workspace', NULL, 'basic', 'x', 'ready', 9, NULL, NULL)");
  const looked = db.prepare("SELECT id, check_at FROM secrets WHERE check_at <= 10 ORDER BY check_at").all();
  expect(looked.map((row) => ({ ...row }))).toEqual([
    { id: "s-0", check_at: 3 },
    { id: "s-1", check_at: 4 },
  ]);
  const plan = db.prepare("EXPLAIN QUERY PLAN SELECT id FROM secrets WHERE check_at <= ? ORDER BY check_at").all(1);
  expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining("secrets_to_check (check_at<?)")]);
});
