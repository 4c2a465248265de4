/** When an actor wakes next: the earliest of everything that it has to do. Pure. */

import { nextWake } from "../domain/refresh-schedule.ts";
import { endsAt, isOpen } from "./flows.ts";
import { indexEntry, isIndexed } from "./index-entry.ts";
import type { ActorRecord } from "./record.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** The pause before the trail is told again what it could not be told. */
const TELL_AGAIN = 10 * MINUTE;
/** Alarms further away are set in steps. */
const LONGEST_ALARM = 30 * DAY;
/** How long an actor without a secret remembers how its flows ended. */
export const REMEMBER_ENDED_FLOWS = DAY;

/** Gives the moment of the next alarm; null: none. */
export function nextAlarm(record: ActorRecord, now: number): number | null {
  if (record.unconfirmed) return now + MINUTE;
  const wakes: (number | null)[] = record.authorizations.filter(isOpen).map(endsAt);
  const { secret } = record;
  if (secret === null) {
    wakes.push(...record.authorizations.map((flow) => flow.expiresAt + REMEMBER_ENDED_FLOWS));
  } else {
    wakes.push(nextWake(secret));
    if (!isIndexed(record, indexEntry(record, secret, now))) wakes.push(now + MINUTE);
    // Nothing else wakes a token that is not renewed, and the index has to learn that it has expired.
    else if (secret.refreshAt === null && record.indexed?.state === "ready") wakes.push(secret.expiresAt);
  }
  if (record.trail?.isBehind === true) wakes.push(now + TELL_AGAIN);
  const soonest = Math.min(...wakes.filter((wake) => wake !== null));
  return soonest === Number.POSITIVE_INFINITY ? null : Math.min(soonest, now + LONGEST_ALARM);
}
