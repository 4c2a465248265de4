/** What issuers tell of themselves, in D1: one row for all clients that name the issuer. Sealed, as it says where client secrets are sent. */

import { beginningOf, type Cipher, type RecordIdentity, type Sealed } from "../crypto/seal.ts";
import { type Discovered, nextDiscovery, type ProviderMetadata } from "../domain/oauth2/metadata.ts";

/** An issuer that it is time to ask again. */
export interface DueIssuer {
  issuer: string;
  /** How often in a row it failed. */
  failures: number;
  /** Since when it is time. */
  checkAt: number;
  /** Does any client name it? */
  isUsed: boolean;
}

interface Row {
  issuer: string;
  failures: number;
  check_at: number;
  is_used: 0 | 1;
}

const IS_USED = "EXISTS (SELECT 1 FROM auth_clients WHERE auth_clients.issuer = issuers.issuer)";
const FIND_DUE = `SELECT issuer, failures, check_at, ${IS_USED} AS is_used FROM issuers
  WHERE check_at <= ?1 ORDER BY check_at LIMIT ?2`;
const KEEP = `INSERT INTO issuers (issuer, metadata, fetched_at, failures, check_at) VALUES (?1, ?2, ?3, 0, ?4)
  ON CONFLICT (issuer) DO UPDATE
  SET metadata = excluded.metadata, fetched_at = excluded.fetched_at, failures = 0, check_at = excluded.check_at`;
// One that names no token endpoint takes none from those who know of one.
const KEEP_IF_FIRST = `${KEEP} WHERE issuers.metadata IS NULL`;
// What is known of it already, by another client, stays.
const REMEMBER = "INSERT INTO issuers (issuer, failures, check_at) VALUES (?1, 1, ?2) ON CONFLICT (issuer) DO NOTHING";
// Whoever heard it since then knows better.
const POSTPONE = "UPDATE issuers SET failures = ?3, check_at = ?4 WHERE issuer = ?1 AND check_at = ?2";
const FIND_UNDER_OTHERS = `SELECT issuer, metadata FROM issuers
  WHERE substr(metadata, 1, length(?1)) <> ?1 AND issuer > ?2 ORDER BY issuer LIMIT ?3`;
const REPLACE = "UPDATE issuers SET metadata = ?3 WHERE issuer = ?1 AND metadata = ?2";
const DROP = `DELETE FROM issuers WHERE issuer IN (SELECT value FROM json_each(?)) AND NOT ${IS_USED}`;

/** Makes the statement that notes what came of asking a new client's issuer. */
export async function notingIssuer(
  db: D1Database,
  cipher: Cipher,
  issuer: string,
  discovered: Discovered,
): Promise<D1PreparedStatement> {
  const now = Date.now();
  if (discovered.kind === "failed") return db.prepare(REMEMBER).bind(issuer, nextDiscovery(1, now, Math.random()));
  const sealed = await cipher.seal(identityOf(issuer), discovered.metadata);
  const statement = discovered.metadata.token_endpoint === undefined ? KEEP_IF_FIRST : KEEP;
  return db.prepare(statement).bind(issuer, sealed, now, nextDiscovery(0, now, Math.random()));
}

/** Opens the metadata of exactly this issuer. @throws {ServiceError} `storage_integrity`, also when it is another's */
export async function openMetadata(cipher: Cipher, issuer: string, metadata: Sealed): Promise<ProviderMetadata> {
  return await cipher.open<ProviderMetadata>(identityOf(issuer), metadata);
}

/** Seals metadata under the ring's first key, if another has sealed it. @throws {ServiceError} `storage_integrity` */
export async function rewrapMetadata(cipher: Cipher, issuer: string, metadata: Sealed): Promise<Sealed> {
  return await cipher.rewrap(identityOf(issuer), metadata);
}

/** Finds some issuers whose metadata another key than this one has sealed, in their order. */
export async function findIssuersUnderOthers(
  db: D1Database,
  kid: string,
  after: string,
  limit: number,
): Promise<{ issuer: string; metadata: Sealed }[]> {
  const found = db.prepare(FIND_UNDER_OTHERS).bind(beginningOf(kid), after, limit);
  return (await found.all<{ issuer: string; metadata: Sealed }>()).results;
}

/** Takes the place of what was sealed before, as long as it is what is stored. */
export function replacingMetadata(
  db: D1Database,
  { issuer, metadata }: { issuer: string; metadata: Sealed },
  sealed: Sealed,
): D1PreparedStatement {
  return db.prepare(REPLACE).bind(issuer, metadata, sealed);
}

/** Finds some issuers that it is time to ask, those first that have waited longest. */
export async function findDueIssuers(db: D1Database, now: number, limit: number): Promise<DueIssuer[]> {
  const { results } = await db.prepare(FIND_DUE).bind(now, limit).all<Row>();
  return results.map(({ issuer, failures, check_at, is_used }) => ({
    issuer,
    failures,
    checkAt: check_at,
    isUsed: is_used === 1,
  }));
}

/** Notes what came of asking again. What was known stays when nothing was heard. */
export async function noteDiscovery(
  db: D1Database,
  cipher: Cipher,
  { issuer, failures, checkAt }: DueIssuer,
  discovered: Discovered,
): Promise<void> {
  if (discovered.kind === "heard") {
    await (await notingIssuer(db, cipher, issuer, discovered)).run();
    return;
  }
  const next = nextDiscovery(failures + 1, Date.now(), Math.random());
  await db
    .prepare(POSTPONE)
    .bind(issuer, checkAt, failures + 1, next)
    .run();
}

/** Forgets those of some issuers that no client names. */
export async function dropUnusedIssuers(db: D1Database, issuers: string[]): Promise<void> {
  await db.prepare(DROP).bind(JSON.stringify(issuers)).run();
}

/** An issuer is a URI; the parts of an identity hold no `/`. */
function identityOf(issuer: string): RecordIdentity {
  return ["global", "issuer", encodeURIComponent(issuer), "metadata"];
}
