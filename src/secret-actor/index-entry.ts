/** What the index in D1 has to say of a secret, and whether it says so. Pure. */

import { healthOf, stateOf } from "../domain/health.ts";
import { firstLook } from "../domain/overdue.ts";
import type { Secret } from "../domain/secret.ts";
import { NOWHERE, type Seen } from "../store/places.ts";
import type { IndexEntry } from "../store/secrets.ts";
import type { ActorRecord } from "./record.ts";

/** Makes the entry of a secret. */
export function indexEntry(secret: Secret, now: number): IndexEntry {
  return { name: secret.name, state: stateOf(secret.reported, healthOf(secret, now)), checkAt: firstLook(secret, now) };
}

/**
 * Gives what must still be around the workspace. One that lay in no contract may have been taken into one since; but not while its first secret
 * was on its way there.
 */
export function seenBy(record: ActorRecord | null): Seen {
  const { seen = null, unconfirmed = false } = record ?? {};
  return seen === NOWHERE && !unconfirmed ? null : seen;
}

/**
 * Decides whether the index is known to say this. When the sweep looks is its own affair once it has begun; the index has to say whether it
 * does. Of what the first records do not tell, nothing is known.
 */
export function isIndexed(record: ActorRecord | null, entry: IndexEntry): boolean {
  const indexed = record?.indexed;
  if (indexed?.name !== entry.name || indexed.state !== entry.state) return false;
  return indexed.checkAt !== undefined && (indexed.checkAt === null) === (entry.checkAt === null);
}
