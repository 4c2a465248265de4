/**
 * How events end: a page at a time, when they have been kept for `AUDIT_DAYS`. Earlier, if there are more than the database has room for: what
 * is told of secrets must not be what stops them.
 */

import { type Env, settingsOf } from "../bindings.ts";
import { findOldestEvent, forgetOldEvents, forgetSources } from "../store/events.ts";
import { log } from "../telemetry.ts";

const PAGE_SIZE = 1000;
/** What a run does not come to is done by the next, five minutes later. */
const MOST_PAGES = 50;
/** Some seven gigabytes, of the ten that a database may have. */
export const MOST_EVENTS = 20_000_000;
const DAY = 86_400_000;
/** The time between two runs. */
const EVERY = 300_000;

/** Removes events that are old. What goes wrong is told in the log, and the next run is soon. */
export async function forgetEvents(env: Env, now = Date.now(), most = MOST_EVENTS): Promise<void> {
  try {
    const before = now - settingsOf(env).auditMs;
    const oldest = await findOldestEvent(env.DB);
    if (oldest !== null && (oldest.receivedAt < before || oldest.newer >= most)) {
      let removed = 0;
      for (let page = 0; page < MOST_PAGES && removed === page * PAGE_SIZE; page++) {
        removed += await forgetOldEvents(env.DB, before, most, PAGE_SIZE);
      }
      if (oldest.receivedAt >= before) tellOfRoom(removed, most);
    }
    // Once a day, as it looks at all of them.
    if (now % DAY < EVERY) await forgetSources(env.DB, before);
  } catch (error) {
    log({ kind: "alert", what: "events_not_forgotten", internal: String(error) });
  }
}

function tellOfRoom(removed: number, most: number): void {
  const internal = `${removed} were newer than AUDIT_DAYS, but there are more than ${most}`;
  log({ kind: "alert", what: "events_forgotten_early", internal });
}
