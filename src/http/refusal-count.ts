/** Requests that were one too many, counted: a line for each would let a flood into the log. */

import { log } from "../telemetry.ts";

/** The shortest time between two lines of an isolate. */
const PAUSE_MS = 10_000;

export class RefusalCount {
  #known = 0;
  #unknown = 0;
  #toldAt = -Infinity;

  /** Counts one, of a principal or of somebody who is none, and writes a line if the last one is some time ago. */
  add(principal: string | null, requestId: string, now: number): void {
    if (principal === null) this.#unknown++;
    else this.#known++;
    if (now - this.#toldAt < PAUSE_MS) return;
    log({ kind: "limited", request_id: requestId, principal, known: this.#known, unknown: this.#unknown });
    this.#known = 0;
    this.#unknown = 0;
    this.#toldAt = now;
  }
}
