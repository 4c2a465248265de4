/**
 * What an isolate remembers of who asks and of what contains what, so that a warm read looks neither up. Requests that change something
 * look up both (docs/decisions/0016).
 */

import { Principals } from "../auth/principals.ts";
import type { Env } from "../bindings.ts";
import { isSame, type Lineage, type NarrowPlace } from "../domain/place.ts";
import { ShortMemory } from "../short-memory.ts";
import type { Context } from "./context.ts";

const REMEMBERED_MS = 30_000;
const BOUNDS = { entries: 10_000, weight: 0 };

const known = new WeakMap<Env, IsolateMemory>();

class IsolateMemory {
  readonly principals = new Principals();
  readonly #lineages = new ShortMemory<Lineage>(BOUNDS);

  /** Finds what contains a place. */
  findLineage({ level, id }: NarrowPlace): Lineage | undefined {
    return this.#lineages.find(`${level}/${id}`, Date.now());
  }

  /** Remembers what `lookUp` finds. */
  async learnLineage({ level, id }: NarrowPlace, lookUp: () => Promise<Lineage | null>): Promise<Lineage | null> {
    const { timesForgotten } = this.#lineages;
    const lineage = await lookUp();
    // The place may have been deleted while it was looked up.
    if (lineage !== null && timesForgotten === this.#lineages.timesForgotten) {
      this.#lineages.keep(`${level}/${id}`, lineage, Date.now() + REMEMBERED_MS);
    }
    return lineage;
  }

  /** Forgets a place that was made or is going, and everybody and everything in it. */
  forgetPlace(place: NarrowPlace): void {
    const liesThere = (lineage: Lineage) => lineage.some((each) => isSame(each, place));
    this.principals.forget(({ lineage }) => liesThere(lineage));
    this.#lineages.forgetWhere(liesThere);
  }
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
