/**
 * Copies of tokens outside their actors: in this isolate's memory, and sealed in the data centre. Who may have one is asked before anybody
 * comes here. A copy ends when a refresh is due at the latest (docs/decisions/0016).
 */

import { type Env, settingsOf } from "../bindings.ts";
import type { RecordIdentity } from "../crypto/seal.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import type { Token } from "../domain/token-copy.ts";
import { ShortMemory } from "../short-memory.ts";
import { cacheApi, type EdgeLayer } from "./edge-layer.ts";

/** Says which secret, as its actor is named. */
export interface SecretPath {
  workspace: WorkspaceId;
  id: SecretId;
}

/** A copy, and the instant at which it ends. */
interface Copy {
  token: Token;
  until: number;
}

/** Whoever looks a token up, until nothing more comes of it. */
export interface LookUp {
  /** The secret was changed meanwhile, so what is found may be what was before: none of it is kept. */
  isOutdated: boolean;
}

/** Other isolates of a data centre are not told of changes, so they look there again after this. */
const IN_MEMORY_MS = 5000;
/** A token of 2 KiB weighs about 2,500: all of them take a tenth of an isolate's 128 MB at most. */
const BOUNDS = { entries: 5000, weight: 12_000_000 };

const edge: EdgeLayer = cacheApi;
const inMemory = new ShortMemory<Copy>(BOUNDS);
const lookUps = new Map<string, Set<LookUp>>();

/** Finds a copy in memory that is good for at least so many seconds more. No I/O. */
export function findInMemory(path: SecretPath, minTtlSeconds: number, now: number): Token | null {
  const copy = inMemory.find(keyOf(path), now);
  return copy !== undefined && lastsFor(copy.token, minTtlSeconds, now) ? copy.token : null;
}

/** Finds a copy in this data centre, likewise, and remembers it. */
export async function findAtEdge(
  env: Env,
  path: SecretPath,
  minTtlSeconds: number,
  lookUp: LookUp,
): Promise<Token | null> {
  if (settingsOf(env).edgeCacheSeconds === 0) return null;
  // Without the key that it was sealed with, a copy is none.
  const copy = await openCopy(env, identityOf(path)).catch(() => null);
  const now = Date.now();
  if (copy === null || copy.until <= now || lookUp.isOutdated) return null;
  remember(path, copy, now);
  return lastsFor(copy.token, minTtlSeconds, now) ? copy.token : null;
}

/**
 * Keeps what an actor that was asked at `askedAt` answered, until `endsAt` at the latest; null: that does not matter. Returns when the data
 * centre has it too, for which nobody has to wait.
 */
export async function keepCopy(
  env: Env,
  path: SecretPath,
  { token, askedAt, endsAt }: { token: Token; askedAt: number; endsAt: number | null },
  lookUp: LookUp,
): Promise<void> {
  const { cipher, copyNames, edgeCacheSeconds } = settingsOf(env);
  const now = Date.now();
  const copy = { token, until: Math.min(endsAt ?? Number.POSITIVE_INFINITY, askedAt + edgeCacheSeconds * 1000) };
  if (copy.until <= now || lookUp.isOutdated) return;
  const isKnown = inMemory.find(keyOf(path), now)?.token.version === token.version;
  remember(path, copy, now);
  const seconds = Math.floor((copy.until - now) / 1000);
  if (isKnown || seconds === 0) return;
  const identity = identityOf(path);
  const [name, sealed] = await Promise.all([copyNames(identity), cipher.seal(identity, copy)]);
  if (lookUp.isOutdated) return;
  await edge.keep(name, sealed, seconds);
  // The change may have dropped what was there before this.
  if (lookUp.isOutdated) await edge.drop(name);
}

async function openCopy(env: Env, identity: RecordIdentity): Promise<Copy | null> {
  const { cipher, copyNames } = settingsOf(env);
  const sealed = await edge.find(await copyNames(identity));
  return sealed === null ? null : await cipher.open<Copy>(identity, sealed);
}

/** Drops what copies there are in this isolate and in this data centre. Returns when they are gone; rejects for nothing. */
export async function dropCopies(env: Env, path: SecretPath): Promise<void> {
  const { copyNames, edgeCacheSeconds } = settingsOf(env);
  inMemory.forget(keyOf(path));
  for (const lookUp of lookUps.get(keyOf(path)) ?? []) lookUp.isOutdated = true;
  if (edgeCacheSeconds === 0) return;
  // Without a ring there is no name, but nothing that opens either.
  const name = await copyNames(identityOf(path)).catch(() => null);
  if (name !== null) await edge.drop(name);
}

/** Decides whether there are copies of another version than what the actor just answered. */
export function isOutdatedBy(path: SecretPath, { version }: Token): boolean {
  const copy = inMemory.find(keyOf(path), Date.now());
  return copy !== undefined && copy.token.version !== version;
}

/** Lets a look-up hear of changes, until what is given back is called. */
export function watchChanges(path: SecretPath, lookUp: LookUp): () => void {
  const key = keyOf(path);
  const watching = lookUps.get(key) ?? new Set();
  lookUps.set(key, watching.add(lookUp));
  return () => {
    watching.delete(lookUp);
    if (watching.size === 0 && lookUps.get(key) === watching) lookUps.delete(key);
  };
}

function remember(path: SecretPath, copy: Copy, now: number): void {
  const weight = JSON.stringify(copy.token).length;
  inMemory.keep(keyOf(path), copy, Math.min(copy.until, now + IN_MEMORY_MS), weight);
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
