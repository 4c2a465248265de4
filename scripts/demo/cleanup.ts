/** What has to be undone at the end, however the end comes. */

import { setTimeout as sleep } from "node:timers/promises";

const LONGEST_MS = 9000;

interface Entry {
  name: string;
  undo: () => Promise<unknown>;
}

/** Remembers what was made, and removes it in the opposite order. */
export class Cleanup {
  readonly #entries: Entry[] = [];

  /** Remembers one thing under the name that people read ("the secret"). */
  add(name: string, undo: () => Promise<unknown>): void {
    this.#entries.push({ name, undo });
  }

  /** Undoes everything once, each within a bound. One failure stops none of the others. Returns the names of what is gone and of what is not. */
  async run(): Promise<{ gone: string[]; left: string[] }> {
    const gone: string[] = [];
    const left: string[] = [];
    for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
      try {
        await Promise.race([entry.undo(), tooLate()]);
        gone.push(entry.name);
      } catch {
        left.push(entry.name);
      }
    }
    return { gone, left };
  }
}

async function tooLate(): Promise<never> {
  await sleep(LONGEST_MS, undefined, { ref: false });
  throw new Error("took too long");
}
