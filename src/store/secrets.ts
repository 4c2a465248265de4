/** The index of secrets in D1: which there are, of which client, in which state. Written by each secret's own actor; holds no credentials. */

import type { Secret } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";

/** What the index says of a secret besides its ids. */
export interface IndexEntry {
  name: string;
  state: "ready" | "error";
}

const PUT = `INSERT INTO secrets (id, workspace_id, auth_client_id, user_id, type, name, state, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state`;
const DELETE = "DELETE FROM secrets WHERE id = ?";
const DELETE_AUTHORIZATIONS = "DELETE FROM authorizations WHERE secret_id = ?";

/** Writes a secret's entry, new or changed. @throws {ServiceError} `conflict` when its client is gone */
export async function putIndexEntry(db: D1Database, secret: Secret, entry: IndexEntry): Promise<void> {
  const { id, workspaceId, authClientId, userId, type, createdAt } = secret;
  const { name, state } = entry;
  try {
    await db.prepare(PUT).bind(id, workspaceId, authClientId, userId, type, name, state, createdAt).run();
  } catch (error) {
    if (!/FOREIGN KEY/.test(String(error))) throw error;
    throw new ServiceError("conflict", [
      { detail: "The auth client was deleted meanwhile.", pointer: "/data/relationships/auth_client" },
    ]);
  }
}

/** Removes a secret's entry and its consent flows, together. */
export async function deleteIndexEntry(db: D1Database, id: Secret["id"]): Promise<void> {
  await db.batch([db.prepare(DELETE).bind(id), db.prepare(DELETE_AUTHORIZATIONS).bind(id)]);
}
