/** Who asked lately, as this isolate remembers it, so that the next read of the same caller looks nothing up. */

import { fingerprint } from "../domain/digest.ts";
import type { Principal } from "../domain/permissions.ts";
import { SharedWork } from "../shared-work.ts";
import { ShortMemory } from "../short-memory.ts";
import { Attempts, type Limiter } from "./attempts.ts";
import { identify, keyIdIn, type Register } from "./identify.ts";

/** A key that was revoked through another isolate opens nothing after this. */
const REMEMBERED_MS = 30_000;
/** Longer than the keys of a JWT's issuer take. */
const PATIENCE_MS = 10_000;
const BOUNDS = { entries: 10_000, weight: 0 };

/** From where somebody comes, and what counts those who fail: nothing, where there is no limiter. */
export interface Whence {
  address: string;
  limiter: Limiter | undefined;
}

export class Principals {
  readonly #attempts = new Attempts();
  /** By the SHA-256 of what they sent, which is not kept. */
  readonly #known = new ShortMemory<Principal>(BOUNDS);
  readonly #lookUps = new SharedWork<Principal>(PATIENCE_MS);

  /**
   * Finds the principal of a request. One that changes nothing may have it from memory, or together with others; failures are never
   * remembered. Who is not remembered is looked up, unless too many failed before; only then is `whence` asked for.
   * @throws {ServiceError} as `identify` does, and `rate_limited`
   */
  async find(
    authorization: string | undefined,
    register: Register,
    changesNothing: boolean,
    whence: () => Whence,
  ): Promise<Principal> {
    // Who shows nothing tries nothing.
    if (authorization === undefined || authorization === "") return (await identify(authorization, register)).principal;
    const name = await fingerprint(authorization);
    const known = changesNothing ? this.#known.find(name, Date.now()) : undefined;
    if (known !== undefined) return known;
    const lookUp = async () =>
      changesNothing
        ? await this.#learn(name, authorization, register)
        : (await identify(authorization, register)).principal;
    const { address, limiter } = whence();
    if (limiter === undefined) return await lookUp();
    return await this.#attempts.look({ shown: name, address, keyId: keyIdIn(authorization) }, limiter, lookUp);
  }

  /** Looks somebody up for all who want to know it meanwhile, and remembers them. */
  async #learn(name: string, authorization: string, register: Register): Promise<Principal> {
    const now = Date.now();
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
