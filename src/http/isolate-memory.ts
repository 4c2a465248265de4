/**
 * What an isolate remembers of who asks and of what contains what, so that a warm read looks neither up. Requests that change something
 * look up both (docs/decisions/0016).
 */

import { Principals } from "../auth/principals.ts";
import type { Env } from "../bindings.ts";
import { isSame, type Lineage, type NarrowPlace } from "../domain/place.ts";
import { SharedWork } from "../shared-work.ts";
import { ShortMemory } from "../short-memory.ts";
import { findLineage } from "../store/places.ts";
import { Allowances } from "./allowances.ts";
import type { Context } from "./context.ts";

const REMEMBERED_MS = 30_000;
const BOUNDS = { entries: 10_000, weight: 0 };
/** Longer than D1 takes. */
const PATIENCE_MS = 5000;

const known = new WeakMap<Env, IsolateMemory>();

class IsolateMemory {
  readonly principals = new Principals();
  readonly allowances = new Allowances();
  readonly #lineages = new ShortMemory<Lineage>(BOUNDS);
  readonly #lookUps = new SharedWork<Lineage | null>(PATIENCE_MS);

  /** Finds what contains a place. */
  findLineage(place: NarrowPlace): Lineage | undefined {
    return this.#lineages.find(nameOf(place), Date.now());
  }

  /** Looks up what contains a place, for all who want to know it meanwhile, and remembers it. */
  async learnLineage(c: Context, place: NarrowPlace): Promise<Lineage | null> {
    const now = Date.now();
    const { timesForgotten } = this.#lineages;
    const isOutdated = () => this.#lineages.timesForgotten !== timesForgotten;
    const lookUp = async () => {
      const lineage = await findLineage(c.env.DB, place);
      // The place may have been deleted while it was looked up.
      if (lineage !== null && !isOutdated()) this.#lineages.keep(nameOf(place), lineage, now + REMEMBERED_MS);
      return lineage;
    };
    return await this.#lookUps.do(nameOf(place), lookUp, (work) => c.executionCtx.waitUntil(work), isOutdated);
  }

  /** Forgets a place that was made or is going, and everybody and everything in it. */
  forgetPlace(place: NarrowPlace): void {
    const liesThere = (lineage: Lineage) => lineage.some((each) => isSame(each, place));
    this.principals.forget(({ lineage }) => liesThere(lineage));
    this.#lineages.forgetWhere(liesThere);
  }
}

function nameOf({ level, id }: NarrowPlace): string {
  return `${level}/${id}`;
}

/** Gives what is remembered for an environment. */
export function isolateMemory(env: Env): IsolateMemory {
  const remembered = known.get(env);
  if (remembered !== undefined) return remembered;
  const memory = new IsolateMemory();
  known.set(env, memory);
  return memory;
}

/** Decides whether a request may be answered with what is remembered (RFC 9110 9.2.1). */
export function changesNothing({ req: { method } }: Context): boolean {
  return method === "GET" || method === "HEAD";
}
