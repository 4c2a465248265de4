/**
 * What it takes for a refresh to be overdue, and when the sweep looks at a secret (docs/decisions/0010). Pure functions; instants and
 * durations are milliseconds.
 */

import { nextWake } from "./refresh-schedule.ts";
import type { Secret } from "./secret.ts";

/** What a secret says of itself when the sweep asks. */
export interface Inspection {
  /** When the refresh was due that did not come; null: nothing is overdue. */
  overdueSince: number | null;
  /** Null: it is not renewed by itself. */
  nextDueAt: number | null;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The platform's alarm may be a minute late; one that is later was lost. */
export const OVERDUE_AFTER = 2 * MINUTE;
/** What is not as it should be is looked at again after this. */
export const LOOK_AGAIN = 10 * MINUTE;
const LOOK_EVERY = 6 * HOUR;

/** Gives the moment at which an overdue refresh, or the answer to one, was due; null: none is overdue. */
export function overdueSince(secret: Secret, now: number): number | null {
  const dueAt = nextWake(secret);
  return dueAt !== null && dueAt + OVERDUE_AFTER <= now ? dueAt : null;
}

/** Gives the moment of the first look: when a lost alarm would first show, in six hours at the latest; null for a secret that is not renewed by itself. */
export function firstLook(secret: Secret, now: number): number | null {
  const dueAt = nextWake(secret);
  return dueAt === null ? null : Math.min(dueAt + OVERDUE_AFTER, now + LOOK_EVERY);
}

/**
 * Decides when the sweep looks again: in six hours, give or take a tenth, so that what was made together is not looked at together for ever;
 * sooner for what is late. Null: the secret did not answer. `random` is in [0, 1).
 */
export function nextLook(inspection: Inspection | null, now: number, random: number): number {
  const isLate = inspection === null || (inspection.nextDueAt !== null && inspection.nextDueAt <= now);
  return now + (isLate ? LOOK_AGAIN : Math.round(LOOK_EVERY * (0.9 + 0.2 * random)));
}
