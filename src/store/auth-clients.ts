/** Auth clients in D1. Credentials are sealed before they come near a statement and opened only by who asks for it. */

import { beginningOf, type Cipher, type RecordIdentity, type Sealed } from "../crypto/seal.ts";
import { type AuthClient, hasTokens } from "../domain/auth-client.ts";
import type { AuthClientId, SecretId, WorkspaceId } from "../domain/ids.ts";
import type { Discovered, ProviderMetadata } from "../domain/oauth2/metadata.ts";
import {
  type GrantType,
  type OAuth2Registration,
  registrationOf,
  type SecretName,
  type StatedRegistration,
} from "../domain/oauth2/registration.ts";
import { inUseOf } from "../domain/oauth2/client-secrets.ts";
import type { Level, Lineage } from "../domain/place.ts";
import { ServiceError } from "../errors.ts";
import { findPreset } from "../providers/presets.ts";
import { notingIssuer, openMetadata, rewrapMetadata } from "./issuers.ts";
import { type Condition, nameHolds, type Page, type Paged, readPage } from "./page.ts";
import { asSeen, PLACE_IS_LIVE, type PlaceColumns, placeOf, usableAt } from "./places.ts";

/** A client as it is stored: everything but its credentials, and what its issuer tells, is readable. */
export type SealedAuthClient = Omit<AuthClient, "credentials" | "metadata"> & {
  credentials: Sealed;
  /** Copies that actors keep may be older than this member. */
  sealedMetadata?: Sealed | null;
};

interface Row extends PlaceColumns {
  id: AuthClientId;
  type: string;
  name: string;
  components: string;
  credentials: Sealed;
  refresh_lead_seconds: number;
  refresh_jitter_seconds: number;
  provider: string | null;
  issuer: string | null;
  grant_type: GrantType;
  metadata: Sealed | null;
  secret_in_use: SecretName;
  version: number;
  created_at: number;
}

const INSERT = `INSERT INTO auth_clients
  (level, place_id, id, type, name, components, credentials, refresh_lead_seconds, refresh_jitter_seconds,
  provider, issuer, grant_type, version, created_at)
  SELECT ?1, ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15 WHERE ${PLACE_IS_LIVE} AND NOT EXISTS (SELECT 1 FROM auth_clients WHERE id = ?4)`;
/** One query brings what the issuer tells along: no refresh waits for a second one. */
const WITH_METADATA = "auth_clients LEFT JOIN issuers USING (issuer)";
const FIND = `SELECT * FROM ${WITH_METADATA} WHERE id = ?`;
const UPDATE = `UPDATE auth_clients
  SET name = ?3, components = ?4, credentials = ?5, refresh_lead_seconds = ?6, refresh_jitter_seconds = ?7, secret_in_use = ?8,
  version = ?2 + 1
  WHERE id = ?1 AND version = ?2`;
const FIND_UNDER_OTHERS = `SELECT * FROM ${WITH_METADATA}
  WHERE substr(credentials, 1, length(?1)) <> ?1 AND id > ?2 ORDER BY id LIMIT ?3`;
const REPLACE = "UPDATE auth_clients SET credentials = ?3 WHERE id = ?1 AND credentials = ?2";
const NOTE_SECRET = "UPDATE auth_clients SET secret_in_use = ?3 WHERE id = ?1 AND version = ?2";
const DELETE_UNUSED = `DELETE FROM auth_clients WHERE id = ?1
  AND NOT EXISTS (SELECT 1 FROM secrets WHERE auth_client_id = ?1)`;
const FLOWS = "SELECT DISTINCT workspace_id, secret_id FROM authorizations WHERE auth_client_id = ? LIMIT 500";
const HAS_SECRETS = "SELECT EXISTS (SELECT 1 FROM secrets WHERE auth_client_id = ?) AS found";
const COUNT_SECRETS = "SELECT count(*) AS secrets FROM secrets WHERE auth_client_id = ?";

/**
 * Seals and stores a new client, and what its issuer told. `at` is what its place lies in. Gives the stored one.
 * @throws {ServiceError} `not_found` when the place was deleted meanwhile, `conflict` when the id is taken
 */
export async function insertAuthClient(
  db: D1Database,
  cipher: Cipher,
  client: AuthClient,
  at: Lineage,
  discovered: Discovered | null = null,
): Promise<AuthClient> {
  const { id, type, name, components, refreshLeadSeconds, refreshJitterSeconds, version, createdAt } = client;
  const { provider, issuer, grantType } = client;
  const credentials = await cipher.seal(identityOf(client), client.credentials);
  const values = [
    id,
    type,
    name,
    JSON.stringify(components),
    credentials,
    refreshLeadSeconds,
    refreshJitterSeconds,
    provider,
    issuer,
    grantType,
    version,
    createdAt,
  ];
  const insert = db.prepare(INSERT).bind(...asSeen(at), ...values);
  const isOfIssuer = issuer !== null && discovered !== null;
  const noting = isOfIssuer ? [await notingIssuer(db, cipher, issuer, discovered)] : [];
  const [inserted] = await db.batch([insert, ...noting]);
  if (inserted?.meta.changes === 0) {
    if ((await findAuthClient(db, id)) !== null) {
      throw new ServiceError("conflict", [{ detail: "This id is taken.", pointer: "/data/id" }]);
    }
    throw new ServiceError("not_found", "What the client is for was deleted meanwhile.");
  }
  return { ...client, metadata: discovered?.kind === "heard" ? discovered.metadata : null };
}

/** Finds some clients whose credentials another key than this one has sealed, in the order of their ids. */
export async function findClientsUnderOthers(
  db: D1Database,
  kid: string,
  after: string,
  limit: number,
): Promise<SealedAuthClient[]> {
  const { results } = await db.prepare(FIND_UNDER_OTHERS).bind(beginningOf(kid), after, limit).all<Row>();
  return results.map(clientOf);
}

/** Takes the place of what was sealed before, as long as it is what is stored. */
export function replacingCredentials(
  db: D1Database,
  { id, credentials }: SealedAuthClient,
  sealed: Sealed,
): D1PreparedStatement {
  return db.prepare(REPLACE).bind(id, credentials, sealed);
}

/** Finds a client as it is stored; null when there is none. */
export async function findAuthClient(db: D1Database, id: AuthClientId): Promise<SealedAuthClient | null> {
  const row = await db.prepare(FIND).bind(id).first<Row>();
  return row === null ? null : clientOf(row);
}

/** Lists the clients of some levels that can be used in a place: its own, and those of everything around it. */
export async function listAuthClients(
  db: D1Database,
  at: Lineage,
  levels: readonly Level[],
  { component, name }: { component: string | undefined; name: string | undefined },
  page: Page,
): Promise<Paged<SealedAuthClient>> {
  const conditions: Condition[] = [
    usableAt(at),
    { sql: "level IN (SELECT value FROM json_each(?))", values: [JSON.stringify(levels)] },
  ];
  if (component !== undefined) {
    conditions.push({ sql: "EXISTS (SELECT 1 FROM json_each(components) WHERE value = ?)", values: [component] });
  }
  if (name !== undefined) conditions.push(nameHolds(name));
  const { items, total } = await readPage<Row>(db, WITH_METADATA, conditions, page);
  return { items: items.map(clientOf), total };
}

/** Opens a stored client's credentials, and what its issuer tells. @throws {ServiceError} `storage_integrity` */
export async function openAuthClient(cipher: Cipher, client: SealedAuthClient): Promise<AuthClient> {
  const credentials = await cipher.open<AuthClient["credentials"]>(identityOf(client), client.credentials);
  const isRegistration = hasTokens(client.type);
  const metadata = isRegistration ? await metadataOf(cipher, client, credentials as StatedRegistration) : null;
  const { sealedMetadata: _, ...readable } = client;
  return { ...readable, credentials, metadata };
}

/**
 * Seals a client's credentials under the ring's first key, and what its issuer tells, if another has sealed them.
 * @throws {ServiceError} `storage_integrity`
 */
export async function rewrapAuthClient(cipher: Cipher, client: SealedAuthClient): Promise<SealedAuthClient> {
  const { issuer, sealedMetadata } = client;
  const credentials = await cipher.rewrap(identityOf(client), client.credentials);
  if (issuer === null || sealedMetadata == null) return { ...client, credentials };
  return { ...client, credentials, sealedMetadata: await rewrapMetadata(cipher, issuer, sealedMetadata) };
}

/**
 * Opens the registration of a client of type `oauth2`, with what its preset and its issuer fill in.
 * @throws {ServiceError} `storage_integrity`
 */
export async function openRegistration(cipher: Cipher, client: SealedAuthClient): Promise<OAuth2Registration> {
  const stated = await cipher.open<StatedRegistration>(identityOf(client), client.credentials);
  return registrationOf(stated, findPreset(stated.provider), await metadataOf(cipher, client, stated));
}

/** Opens what the issuer tells. Whose it has to be is what the sealed registration says, whatever row it was found in. */
async function metadataOf(
  cipher: Cipher,
  { sealedMetadata }: SealedAuthClient,
  { issuer }: StatedRegistration,
): Promise<ProviderMetadata | null> {
  return issuer === undefined || sealedMetadata == null ? null : await openMetadata(cipher, issuer, sealedMetadata);
}

/**
 * Seals and stores a changed client, as the version after the one that was changed. Gives the stored one.
 * @throws {ServiceError} `conflict` when somebody else changed it meanwhile
 */
export async function updateAuthClient(db: D1Database, cipher: Cipher, changed: AuthClient): Promise<AuthClient> {
  const next = { ...changed, version: changed.version + 1 };
  const { id, name, components, refreshLeadSeconds, refreshJitterSeconds } = next;
  const credentials = await cipher.seal(identityOf(next), next.credentials);
  const { meta } = await db
    .prepare(UPDATE)
    .bind(
      id,
      changed.version,
      name,
      JSON.stringify(components),
      credentials,
      refreshLeadSeconds,
      refreshJitterSeconds,
      inUseOf(next),
    )
    .run();
  if (meta.changes > 0) return next;
  throw new ServiceError("conflict", "The auth client was changed or deleted meanwhile. Read it again.");
}

/** Remembers which of its secrets a client's provider took; not when the client was changed meanwhile. */
export async function noteSecretInUse(
  db: D1Database,
  { id, version }: Pick<AuthClient, "id" | "version">,
  name: SecretName,
): Promise<void> {
  await db.prepare(NOTE_SECRET).bind(id, version, name).run();
}

/** A consent flow of a client that was deleted: it can make no secret any more. */
export interface EndedFlow {
  workspaceId: WorkspaceId;
  secretId: SecretId;
}

/**
 * Deletes a client that no secret uses. Gives the flows that were to make some, of which nothing is left here.
 * @throws {ServiceError} `conflict`, with the count, while secrets are attached.
 */
export async function deleteAuthClient(db: D1Database, id: AuthClientId): Promise<EndedFlow[]> {
  const [flows, deleted] = await db.batch<{ workspace_id: WorkspaceId; secret_id: SecretId }>([
    db.prepare(FLOWS).bind(id),
    db.prepare(DELETE_UNUSED).bind(id),
  ]);
  if ((deleted?.meta.changes ?? 0) > 0) {
    return (flows?.results ?? []).map((row) => ({ workspaceId: row.workspace_id, secretId: row.secret_id }));
  }
  const secrets = (await db.prepare(COUNT_SECRETS).bind(id).first<number>("secrets")) ?? 0;
  if (secrets === 0) return [];
  const are = secrets === 1 ? "1 secret uses" : `${secrets} secrets use`;
  throw new ServiceError("conflict", `${are} this auth client. Delete them first.`);
}

/** Decides whether any secret uses an auth client. */
export async function hasSecrets(db: D1Database, id: AuthClientId): Promise<boolean> {
  return (await db.prepare(HAS_SECRETS).bind(id).first<number>("found")) === 1;
}

function clientOf(row: Row): SealedAuthClient {
  return {
    id: row.id,
    place: placeOf(row),
    type: row.type,
    name: row.name,
    components: JSON.parse(row.components) as string[],
    credentials: row.credentials,
    refreshLeadSeconds: row.refresh_lead_seconds,
    refreshJitterSeconds: row.refresh_jitter_seconds,
    provider: row.provider,
    issuer: row.issuer,
    grantType: row.grant_type,
    sealedMetadata: row.metadata,
    secretInUse: row.secret_in_use,
    version: row.version,
    createdAt: row.created_at,
  };
}

function identityOf({ place, id, version }: Pick<AuthClient, "place" | "id" | "version">): RecordIdentity {
  const owner = place.level === "global" ? ["global"] : [place.level, place.id];
  return [...owner, "auth-client", id, "credentials", version];
}
