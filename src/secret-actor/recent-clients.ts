/**
 * The auth clients that the actors of this isolate looked up moments ago: a thousand secrets of one client that fall due together ask D1 once.
 * Each of them waits with timers of its own, as no Durable Object may wait for the promise of another.
 */

import type { AuthClientId } from "../domain/ids.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";

type Find = () => Promise<SealedAuthClient | null>;

interface LookUp {
  /** Milliseconds since the epoch. */
  askedAt: number;
  /** Undefined while D1 has not answered. */
  found?: SealedAuthClient | null;
}

/** How long an answer is good, and how long one is waited for before D1 is asked again. */
const GOOD_MS = 1000;
const LOOK_AGAIN_MS = 20;

export class RecentClients {
  readonly #lookUps = new Map<AuthClientId, LookUp>();

  /** Finds a client as it was at most a second ago. Fails for whoever asked D1, and for nobody else. */
  async find(id: AuthClientId, find: Find): Promise<SealedAuthClient | null> {
    for (;;) {
      const lookUp = this.#lookUps.get(id);
      if (lookUp === undefined || !isRecent(lookUp)) break;
      if (lookUp.found !== undefined) return lookUp.found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    this.#forgetOld();
    const lookUp: LookUp = { askedAt: Date.now() };
    this.#lookUps.set(id, lookUp);
    try {
      return (lookUp.found = await find());
    } catch (error) {
      if (this.#lookUps.get(id) === lookUp) this.#lookUps.delete(id);
      throw error;
    }
  }

  #forgetOld(): void {
    for (const [id, lookUp] of this.#lookUps) if (!isRecent(lookUp)) this.#lookUps.delete(id);
  }
}

function isRecent({ askedAt }: LookUp): boolean {
  const age = Date.now() - askedAt;
  // A clock that was set back makes nothing younger.
  return age >= 0 && age < GOOD_MS;
}
