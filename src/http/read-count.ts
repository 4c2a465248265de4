/**
 * Reads of one secret that went well, of its token or of all of it, counted. A line for each would cost more than the read itself and say nothing
 * that anybody looks for (docs/decisions/0017); who read what is for the audit trail.
 */

import type { Source } from "../secret-actor/token-read.ts";
import { log } from "../telemetry.ts";

/** The shortest time between two lines of an isolate. */
const PAUSE_MS = 10_000;

export class ReadCount {
  #counts: Record<Source, number> = { memory: 0, edge: 0, origin: 0 };
  #toldAt = -Infinity;

  /** Counts one read, and writes a line if the last one is some time ago: so the first read after a pause is told at once. */
  add(from: Source, requestId: string, now: number): void {
    this.#counts[from]++;
    if (now - this.#toldAt < PAUSE_MS) return;
    log({ kind: "reads", request_id: requestId, ...this.#counts });
    this.#counts = { memory: 0, edge: 0, origin: 0 };
    this.#toldAt = now;
  }
}
