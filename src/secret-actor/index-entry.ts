/** What the index in D1 has to say of a secret, whether it says so, and what happened when it says something else. Pure. */

import { kidOf } from "../crypto/seal.ts";
import type { Happened } from "../domain/events.ts";
import { healthOf, stateOf } from "../domain/health.ts";
import { firstLook } from "../domain/overdue.ts";
import type { Secret } from "../domain/secret.ts";
import { NOWHERE, type Seen } from "../store/places.ts";
import type { IndexEntry } from "../store/secrets.ts";
import type { ActorRecord } from "./record.ts";

/** Makes the entry of a secret, as its actor's record has it. */
export function indexEntry(record: ActorRecord, secret: Secret, now: number): IndexEntry {
  const state = stateOf(secret.reported, healthOf(secret, now));
  return { name: secret.name, state, checkAt: firstLook(secret, now), kids: kidsOf(record) };
}

/** Names the keys without which something of a record does not open, save the verifiers of consents under way: those end by themselves. */
function kidsOf({ grant, client }: ActorRecord): string {
  const kids = [grant, client?.credentials, client?.sealedMetadata].map((each) => (each == null ? null : kidOf(each)));
  return [...new Set(kids.filter((kid) => kid !== null))].toSorted((one, other) => (one < other ? -1 : 1)).join(" ");
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
 * does. Of what the first records do not tell, nothing is known; but for the keys alone nobody hurries, who wants to know asks (`rewrap`).
 */
export function isIndexed(record: ActorRecord | null, entry: IndexEntry): boolean {
  const indexed = record?.indexed;
  if (indexed?.name !== entry.name || indexed.state !== entry.state) return false;
  if (indexed.kids !== undefined && indexed.kids !== entry.kids) return false;
  return indexed.checkAt !== undefined && (indexed.checkAt === null) === (entry.checkAt === null);
}

/** Tells that the state changed, as the index is about to say. What is new has none of before. */
export function stateEvents({ indexed, secret }: ActorRecord, { state }: IndexEntry, now: number): Happened[] {
  if (indexed === null || secret === null || indexed.state === state) return [];
  const { status, reason } = healthOf(secret, now);
  const why = secret.reported === null ? (reason ?? status) : "reported";
  const became =
    state === "ready" ? ({ outcome: "ok", reason: null } as const) : ({ outcome: "failed", reason: why } as const);
  return [{ event: "secret.state_changed", actor: "system", ...became }];
}
