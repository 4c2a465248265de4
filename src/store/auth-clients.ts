/** Auth clients in D1. Credentials are sealed before they come near a statement and opened only by who asks for it. */

import type { Keyring } from "../crypto/keyring.ts";
import { open, seal, type RecordIdentity, type Sealed } from "../crypto/seal.ts";
import type { AuthClient, OAuth2Registration, Place } from "../domain/auth-client.ts";
import type { AuthClientId, WorkspaceId } from "../domain/ids.ts";
import { ServiceError } from "../errors.ts";

/** A client as it is stored: everything but its credentials is readable. */
export type SealedAuthClient = Omit<AuthClient, "credentials"> & { credentials: Sealed };

interface Row {
  id: AuthClientId;
  level: Place["level"];
  place_id: string | null;
  type: "oauth2";
  name: string;
  components: string;
  credentials: Sealed;
  refresh_lead_seconds: number;
  version: number;
  created_at: number;
}

const INSERT = `INSERT INTO auth_clients
  (id, level, place_id, type, name, components, credentials, refresh_lead_seconds, version, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const FIND = "SELECT * FROM auth_clients WHERE id = ?";
const DELETE_UNUSED = `DELETE FROM auth_clients WHERE id = ?1
  AND NOT EXISTS (SELECT 1 FROM secrets WHERE auth_client_id = ?1)`;
const COUNT_SECRETS = "SELECT count(*) AS secrets FROM secrets WHERE auth_client_id = ?";

/** Seals and stores a new client. */
export async function insertAuthClient(db: D1Database, keyring: Keyring, client: AuthClient): Promise<void> {
  const credentials = await seal(keyring, identityOf(client), client.credentials);
  const { place } = client;
  await db
    .prepare(INSERT)
    .bind(
      client.id,
      place.level,
      place.level === "global" ? null : place.id,
      client.type,
      client.name,
      JSON.stringify(client.components),
      credentials,
      client.refreshLeadSeconds,
      client.version,
      client.createdAt,
    )
    .run();
}

/** Finds a client as it is stored; null when there is none. */
export async function findAuthClient(db: D1Database, id: AuthClientId): Promise<SealedAuthClient | null> {
  const row = await db.prepare(FIND).bind(id).first<Row>();
  if (row === null) return null;
  return {
    id: row.id,
    place: row.level === "global" ? { level: "global" } : { level: row.level, id: row.place_id as WorkspaceId },
    type: row.type,
    name: row.name,
    components: JSON.parse(row.components) as string[],
    credentials: row.credentials,
    refreshLeadSeconds: row.refresh_lead_seconds,
    version: row.version,
    createdAt: row.created_at,
  };
}

/** Opens a stored client's credentials. @throws {ServiceError} `storage_integrity` */
export async function openAuthClient(keyring: Keyring, client: SealedAuthClient): Promise<AuthClient> {
  return { ...client, credentials: await open<OAuth2Registration>(keyring, identityOf(client), client.credentials) };
}

/**
 * Deletes a client that no secret uses.
 * @throws {ServiceError} `conflict`, with the count, while secrets are attached.
 */
export async function deleteAuthClient(db: D1Database, id: AuthClientId): Promise<void> {
  const { meta } = await db.prepare(DELETE_UNUSED).bind(id).run();
  if (meta.changes > 0) return;
  const secrets = (await db.prepare(COUNT_SECRETS).bind(id).first<number>("secrets")) ?? 0;
  if (secrets === 0) return;
  const are = secrets === 1 ? "1 secret uses" : `${secrets} secrets use`;
  throw new ServiceError("conflict", `${are} this auth client. Delete them first.`);
}

function identityOf({ place, id, version }: Pick<AuthClient, "place" | "id" | "version">): RecordIdentity {
  const owner = place.level === "global" ? ["global"] : [place.level, place.id];
  return [...owner, "auth-client", id, "credentials", version];
}
