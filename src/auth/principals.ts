/** Who asked lately, as this isolate remembers it, so that the next read of the same caller looks nothing up. */

import { digest } from "../domain/digest.ts";
import type { Principal } from "../domain/permissions.ts";
import { ShortMemory } from "../short-memory.ts";
import { identify, type Register } from "./identify.ts";

/** A key that was revoked through another isolate opens nothing after this. */
const REMEMBERED_MS = 30_000;
const BOUNDS = { entries: 10_000, weight: 0 };

export class Principals {
  /** By the SHA-256 of what they sent, which is not kept. */
  readonly #known = new ShortMemory<Principal>(BOUNDS);

  /**
   * Finds the principal of a request. One that changes nothing may have it from memory; failures are never remembered.
   * @throws {ServiceError} as `identify` does
   */
  async find(authorization: string | undefined, register: Register, changesNothing: boolean): Promise<Principal> {
    if (authorization === undefined) return (await identify(undefined, register)).principal;
    const name = await digest(authorization);
    const known = changesNothing ? this.#known.find(name, Date.now()) : undefined;
    if (known !== undefined) return known;
    const { timesForgotten } = this.#known;
    const { principal, until } = await identify(authorization, register);
    // Somebody's key may have been revoked while it was looked up.
    if (timesForgotten === this.#known.timesForgotten) {
      this.#known.keep(name, principal, Math.min(until, Date.now() + REMEMBERED_MS));
    }
    return principal;
  }

  /** Forgets those of whom this holds. */
  forget(holds: (principal: Principal) => boolean): void {
    this.#known.forgetWhere(holds);
  }
}
