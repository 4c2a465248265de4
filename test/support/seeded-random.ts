/** Random choices that are the same again for the same seed. */

import { hash } from "node:crypto";

export class SeededRandom {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Gives a whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    const digest = hash("sha256", `${this.#seed}/${this.#drawn++}`, "buffer");
    return from + Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * (to - from + 1));
  }
}
