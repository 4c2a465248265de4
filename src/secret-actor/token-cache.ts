/**
 * Copies of tokens outside their actors: in this isolate's memory, and sealed in the data centre. Who may have one is asked before anybody
 * comes here. A copy ends when a refresh is due at the latest (docs/decisions/0016).
 */

import { type Env, settingsOf } from "../bindings.ts";
import type { RecordIdentity } from "../crypto/seal.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import type { Token } from "../domain/token-copy.ts";
import { ShortMemory } from "../short-memory.ts";
import { inTime } from "../time-limit.ts";
import { cacheApi, type EdgeLayer } from "./edge-layer.ts";

/** Says which secret, as its actor is named. */
export interface SecretPath {
  workspace: WorkspaceId;
  id: SecretId;
}

/** A copy: what an actor that was asked at `askedAt` answered, and the instant at which that ends. */
interface Copy {
  token: Token;
  askedAt: number;
  until: number;
}

/** Other isolates of a data centre are not told of changes, so they look there again after this. */
const IN_MEMORY_MS = 5000;
/** A token of 2 KiB weighs about 2,500: all of them take a tenth of an isolate's 128 MB at most. */
const BOUNDS = { entries: 5000, weight: 12_000_000 };
/** Longer than any look-up takes. */
const LOOK_UP_MS = 30_000;
/** A cache that takes longer than this is slower than the actor. */
const EDGE_PATIENCE_MS = 500;

const edge: EdgeLayer = cacheApi;
const inMemory = new ShortMemory<Copy>(BOUNDS);
/** When this isolate last knew of a change: what was asked of an actor before that is worth nothing, wherever it turns up. */
const droppedAt = new ShortMemory<number>({ entries: 10_000, weight: 0 });

/** Decides whether what was asked of the actor then may be what was before a change. */
export function isOutdated(path: SecretPath, askedAt: number): boolean {
  return askedAt <= (droppedAt.find(keyOf(path), Date.now()) ?? -Infinity);
}

/** Finds a copy in memory that is good for at least so many seconds more. No I/O. */
export function findInMemory(path: SecretPath, minTtlSeconds: number, now: number): Token | null {
  const copy = inMemory.find(keyOf(path), now);
  return copy !== undefined && lastsFor(copy.token, minTtlSeconds, now) ? copy.token : null;
}

/** Decides whether memory has a copy of this very version. */
export function isInMemory(path: SecretPath, { version }: Token): boolean {
  return inMemory.find(keyOf(path), Date.now())?.token.version === version;
}

/** Finds a copy in this data centre, likewise, and remembers it. */
export async function findAtEdge(env: Env, path: SecretPath, minTtlSeconds: number): Promise<Token | null> {
  if (settingsOf(env).edgeCacheSeconds === 0) return null;
  // Without the key that it was sealed with, a copy is none; nor is one that does not come.
  const copy = await inTime(openCopy(env, identityOf(path)), EDGE_PATIENCE_MS, "The cache").catch(() => null);
  const now = Date.now();
  if (copy === null || copy.until <= now || isOutdated(path, copy.askedAt)) return null;
  remember(path, copy, now);
  return lastsFor(copy.token, minTtlSeconds, now) ? copy.token : null;
}

async function openCopy(env: Env, identity: RecordIdentity): Promise<Copy | null> {
  const { cipher, copyNames } = settingsOf(env);
  const sealed = await edge.find(await copyNames(identity));
  return sealed === null ? null : await cipher.open<Copy>(identity, sealed);
}

/**
 * Keeps what an actor that was asked at `askedAt` answered, until `endsAt` at the latest; null: that does not matter. Returns when the data
 * centre has it too, for which nobody has to wait.
 */
export async function keepCopy(
  env: Env,
  path: SecretPath,
  { token, askedAt, endsAt }: { token: Token; askedAt: number; endsAt: number | null },
): Promise<void> {
  const { cipher, copyNames, edgeCacheSeconds } = settingsOf(env);
  const now = Date.now();
  const until = Math.min(endsAt ?? Number.POSITIVE_INFINITY, askedAt + edgeCacheSeconds * 1000);
  if (until <= now || isOutdated(path, askedAt)) return;
  const copy = { token, askedAt, until };
  if (!remember(path, copy, now)) return;
  const identity = identityOf(path);
  const [name, sealed] = await Promise.all([copyNames(identity), cipher.seal(identity, copy)]);
  if (isOutdated(path, askedAt)) return;
  await edge.keep(name, sealed, Math.ceil((until - now) / 1000));
  // A change may have dropped what was there before this.
  if (isOutdated(path, askedAt)) await edge.drop(name);
}

/** Drops what copies there are in this isolate and in this data centre. Returns when they are gone; rejects for nothing. */
export async function dropCopies(env: Env, path: SecretPath): Promise<void> {
  const { copyNames, edgeCacheSeconds } = settingsOf(env);
  const now = Date.now();
  droppedAt.keep(keyOf(path), now, now + Math.max(edgeCacheSeconds * 1000, LOOK_UP_MS));
  inMemory.forget(keyOf(path));
  if (edgeCacheSeconds === 0) return;
  const dropping = copyNames(identityOf(path)).then((name) => edge.drop(name));
  // Without a ring there is no name, but nothing that opens either; and this isolate knows what to think of a copy that stays.
  await inTime(dropping, EDGE_PATIENCE_MS, "The cache").catch(() => undefined);
}

/** False when there is a newer one already: what comes late never stands in its place. */
function remember(path: SecretPath, copy: Copy, now: number): boolean {
  const known = inMemory.find(keyOf(path), now);
  if (known !== undefined && known.token.version > copy.token.version) return false;
  const weight = JSON.stringify(copy.token).length;
  inMemory.keep(keyOf(path), copy, Math.min(copy.until, now + IN_MEMORY_MS), weight);
  return true;
}

function lastsFor({ credentials }: Token, seconds: number, now: number): boolean {
  if (credentials.kind === "plain" || credentials.expiresAt === null) return true;
  return credentials.expiresAt - now >= seconds * 1000;
}

function keyOf({ workspace, id }: SecretPath): string {
  return `${workspace}/${id}`;
}

function identityOf({ workspace, id }: SecretPath): RecordIdentity {
  return ["workspace", workspace, "auth-secret", id, "token-copy"];
}
