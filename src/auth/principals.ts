/** Who asked lately, as this isolate remembers it, so that the next read of the same caller looks nothing up. */

import { fingerprint } from "../domain/digest.ts";
import type { Principal } from "../domain/permissions.ts";
import { SharedWork } from "../shared-work.ts";
import { ShortMemory } from "../short-memory.ts";
import { identify, type Register } from "./identify.ts";

/** A key that was revoked through another isolate opens nothing after this. */
const REMEMBERED_MS = 30_000;
/** Longer than the keys of a JWT's issuer take. */
const PATIENCE_MS = 10_000;
const BOUNDS = { entries: 10_000, weight: 0 };

export class Principals {
  /** By the SHA-256 of what they sent, which is not kept. */
  readonly #known = new ShortMemory<Principal>(BOUNDS);
  readonly #lookUps = new SharedWork<Principal>(PATIENCE_MS);

  /**
   * Finds the principal of a request. One that changes nothing may have it from memory, or together with others; failures are never
   * remembered.
   * @throws {ServiceError} as `identify` does
   */
  async find(authorization: string | undefined, register: Register, changesNothing: boolean): Promise<Principal> {
    if (authorization === undefined || !changesNothing) return (await identify(authorization, register)).principal;
    const name = await fingerprint(authorization);
    const now = Date.now();
    const known = this.#known.find(name, now);
    if (known !== undefined) return known;
    const { timesForgotten } = this.#known;
    const isOutdated = () => this.#known.timesForgotten !== timesForgotten;
    const lookUp = async () => {
      const { principal, until } = await identify(authorization, register);
      // The key may have been revoked while it was looked up.
      if (!isOutdated()) this.#known.keep(name, principal, Math.min(until, now + REMEMBERED_MS));
      return principal;
    };
    return await this.#lookUps.do(name, lookUp, register.later, isOutdated);
  }

  /** Forgets those of whom this holds. */
  forget(holds: (principal: Principal) => boolean): void {
    this.#known.forgetWhere(holds);
  }
}
