/**
 * Attempts to authenticate that failed, counted for each address, each key id and what is shown again and again. Who fails too often is not looked up
 * any more; who has shown what they show now, and was right, is not kept out by those who were not (docs/decisions/0022).
 */

import { ServiceError, toServiceError } from "../errors.ts";
import { ShortMemory } from "../short-memory.ts";

/** Counts, and says when there were too many. `success` is false then. As the platform's rate limiting binding has it. */
export interface Limiter {
  limit(what: { key: string }): Promise<{ success: boolean }>;
}

/** For so long nothing unknown is looked up; then the next failure is counted, and the limiter decides again. */
export const HELD_BACK_SECONDS = 10;
/** For so long what was right once is looked up even then. */
const PROVEN_MS = 60 * 60 * 1000;
/** For so long after a failure somebody is one who failed. */
const FAILED_MS = 60 * 1000;
const BOUNDS = { entries: 10_000, weight: 0 };

/** Who tries: the digest of what they show, from where, and which key they say it is. */
export interface Attempt {
  shown: string;
  address: string;
  keyId: string | null;
}

export class Attempts {
  readonly #heldBack = new ShortMemory<number>(BOUNDS);
  /** By the SHA-256 of what was sent. */
  readonly #proven = new ShortMemory<true>(BOUNDS);
  readonly #failed = new ShortMemory<true>(BOUNDS);

  /**
   * Does a look-up, unless too many failed before it: with these credentials, from this address, or, for those who failed themselves, for this key.
   * @throws {ServiceError} `rate_limited`, and whatever the look-up throws
   */
  async look<T>(attempt: Attempt, limiter: Limiter, lookUp: () => Promise<T>): Promise<T> {
    const now = Date.now();
    const { credentials, address, key } = namesOf(attempt);
    const hasFailed = [credentials, address].some((name) => this.#failed.find(name, now) !== undefined);
    // Whoever has a key's id may guess for it; its holder is not kept out by that.
    const names = [credentials, address, ...(hasFailed ? key : [])];
    const until = Math.max(...names.map((name) => this.#heldBack.find(name, now) ?? now));
    if (until > now && this.#proven.find(attempt.shown, now) === undefined) throw tooMany(until - now);
    try {
      const found = await lookUp();
      this.#proven.keep(attempt.shown, true, now + PROVEN_MS);
      return found;
    } catch (error) {
      if (toServiceError(error).failure.code !== "unauthenticated") throw error;
      this.#proven.forget(attempt.shown);
      await this.#count(this.#fail(attempt), limiter);
      throw error;
    }
  }

  /** Notes a failure, and gives the names under which it counts. Somebody who shows the same over and over guesses nothing: their address counts once. */
  #fail(attempt: Attempt): string[] {
    const { credentials, address, key } = namesOf(attempt);
    const now = Date.now();
    const isAgain = this.#failed.find(credentials, now) !== undefined;
    for (const name of [credentials, address]) this.#failed.keep(name, true, now + FAILED_MS);
    return [isAgain ? credentials : address, ...key];
  }

  async #count(names: string[], limiter: Limiter): Promise<void> {
    const areWithin = await Promise.all(names.map((name) => isWithin(limiter, name)));
    const heldBack = names.filter((_, at) => areWithin[at] === false);
    if (heldBack.length === 0) return;
    const until = Date.now() + HELD_BACK_SECONDS * 1000;
    for (const name of heldBack) this.#heldBack.keep(name, until, until);
    throw tooMany(HELD_BACK_SECONDS * 1000);
  }
}

function namesOf({ shown, address, keyId }: Attempt): { credentials: string; address: string; key: string[] } {
  const key = keyId === null ? [] : [`key ${keyId}`];
  return { credentials: `credentials ${shown}`, address: `address ${address}`, key };
}

/** Counts one under a name; false when that was one too many. A limiter that fails keeps nobody out. */
export async function isWithin(limiter: Limiter, name: string): Promise<boolean> {
  try {
    return (await limiter.limit({ key: name })).success;
  } catch {
    return true;
  }
}

function tooMany(ms: number): ServiceError {
  const retryAfterSeconds = Math.max(1, Math.ceil(ms / 1000));
  return new ServiceError("rate_limited", "Too many attempts with wrong credentials. Wait a little, then try again.", {
    retryAfterSeconds,
  });
}
