/** API keys: `esk_{id}_{43 characters base64url}`. Made here, and recognised by the SHA-256 of their random part. */

import { base64url } from "jose";
import { digest, sameDigest } from "../domain/digest.ts";
import type { ApiKeyId } from "../domain/ids.ts";
import type { ApiKey } from "../store/api-keys.ts";
import { findApiKey, noteUse } from "../store/api-keys.ts";

const RANDOM_BYTES = 32;
const API_KEY = /^esk_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const MINUTE_MS = 60_000;

/** A new key: the text to show, once, and what is kept of it. */
export interface MadeKey {
  text: string;
  id: ApiKeyId;
  hash: string;
}

/** Makes the text of a new key. */
export async function makeApiKey(): Promise<MadeKey> {
  const id = crypto.randomUUID() as ApiKeyId;
  const random = base64url.encode(crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
  return { text: `esk_${id}_${random}`, id, hash: await digest(random) };
}

/** Reads the id in the text of a key, which proves nothing; null when it is no such text. */
export function keyIdOf(text: string): string | null {
  return API_KEY.exec(text)?.[1] ?? null;
}

/** Finds the key of which this is the text, unless it has expired. */
export async function recognise(db: D1Database, text: string): Promise<ApiKey | null> {
  const [, id, random = ""] = API_KEY.exec(text) ?? [];
  if (id === undefined) return null;
  const key = await findApiKey(db, id as ApiKeyId);
  if (key === null || !sameDigest(key.hash, await digest(random))) return null;
  return key.expiresAt !== null && key.expiresAt <= Date.now() ? null : key;
}

/** Notes the minute in which a key was used, once for each minute. */
export async function noteUseOf(db: D1Database, { id, lastUsedAt }: ApiKey): Promise<void> {
  const minute = nextMinute(Date.now()) - MINUTE_MS;
  if (lastUsedAt === null || lastUsedAt < minute) await noteUse(db, id, minute);
}

/** Gives the instant at which the next minute begins. */
export function nextMinute(now: number): number {
  return (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
}
