/**
 * How much a principal may ask: an allowance for reads and one for writes (docs/decisions/0022). The limits stand in wrangler.toml, and the
 * platform counts; a read that is within costs nothing here but an addition.
 */

import { HELD_BACK_SECONDS, isWithin, type Limiter } from "../auth/attempts.ts";
import { ServiceError } from "../errors.ts";

/** So many reads are told as one. */
export const READS_TOLD_AS_ONE = 100;
/** Of so many principals an isolate knows at once what they did. */
const MOST_PRINCIPALS = 10_000;

/** What one principal did of one kind. */
interface Spent {
  count: number;
  /** They are refused until then, in milliseconds since the epoch. */
  until: number;
  /** Nobody has been told so far that they are. */
  isNew: boolean;
}

/** What somebody ran into. `isFirst`: the answers before it went well. */
export interface Overspent {
  error: ServiceError;
  isFirst: boolean;
}

export class Allowances {
  readonly #reads = new Map<string, Spent>();
  readonly #writes = new Map<string, Spent>();

  /** Notes a read; gives the refusal when one before it was too much. `later` lets the platform count behind the answer. */
  read(id: string, limiter: Limiter, later: (work: Promise<unknown>) => void): Overspent | null {
    const spent = spentBy(this.#reads, id);
    if (spent.until > Date.now()) return refused(spent);
    // The platform is asked once for many, and nobody waits for it: the one that is too much is answered, and those after it are not.
    if (++spent.count % READS_TOLD_AS_ONE === 0) later(count(spent, id, limiter));
    return null;
  }

  /** Notes a write; gives the refusal when it is too much. */
  async write(id: string, limiter: Limiter): Promise<Overspent | null> {
    const spent = spentBy(this.#writes, id);
    if (spent.until <= Date.now()) await count(spent, id, limiter);
    return spent.until > Date.now() ? refused(spent) : null;
  }
}

function spentBy(all: Map<string, Spent>, id: string): Spent {
  const known = all.get(id);
  if (known !== undefined) return known;
  const [oldest] = all.size < MOST_PRINCIPALS ? [] : all.keys();
  if (oldest !== undefined) all.delete(oldest);
  const spent = { count: 0, until: 0, isNew: false };
  all.set(id, spent);
  return spent;
}

async function count(spent: Spent, id: string, limiter: Limiter): Promise<void> {
  if (await isWithin(limiter, id)) return;
  spent.isNew = spent.until <= Date.now();
  spent.until = Date.now() + HELD_BACK_SECONDS * 1000;
}

function refused(spent: Spent): Overspent {
  const retryAfterSeconds = Math.max(1, Math.ceil((spent.until - Date.now()) / 1000));
  const detail = "Too many requests with these credentials. Wait a little, then go on more slowly.";
  const isFirst = spent.isNew;
  spent.isNew = false;
  return { error: new ServiceError("rate_limited", detail, { retryAfterSeconds }), isFirst };
}
