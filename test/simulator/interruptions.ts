/**
 * What comes while a token request is in the air: other credentials, a consent that is complete, or the end of the secret. In every world,
 * because by chance alone such moments are rare, and here an older answer could take the place of a newer grant.
 */

import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { change } from "./caller.ts";
import { renewConsent } from "./consent.ts";
import { eraseFrom } from "./people.ts";
import type { Random } from "./random.ts";
import type { Exchange, SimulatedSecret } from "./secret.ts";
import type { Watcher, World } from "./world.ts";

const MINUTE = 60_000;
/** One request in so many is interrupted, and before one renewal in so many somebody starts to consent. */
const ONE_IN = 50;
/** Of those interruptions so many are the end of the secret. */
const ENDS = 0.15;
/** The longest that a person takes to open the flow, and a little more. */
const FLOW_MS = 4 * MINUTE;
/** The longest that a person then waits for the moment to consent. */
const PATIENCE_MS = 5 * MINUTE;

export class Interruptions implements Watcher {
  readonly #world: World;
  readonly #random: Random;
  /** People who consent as soon as the next request is in the air. */
  readonly #waiting = new Map<SimulatedSecret, () => void>();

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  saving(secret: SimulatedSecret, before: ActorRecord | null, after: ActorRecord | null): void {
    const next = after?.secret ?? null;
    if (next === null || next.refreshAt === null || next.version === before?.secret?.version) return;
    if (!this.#random.chance(1 / ONE_IN)) return;
    const { agenda } = this.#world;
    agenda.at(next.refreshAt - secret.clockOffset - FLOW_MS, () => {
      if (!this.#isOpen(secret) || secret.stored?.version !== next.version) return;
      secret.note(agenda.now, "the person renews the consent, just when the token is renewed");
      void renewConsent(this.#world, secret, () => this.#nextRequest(secret));
    });
  }

  sending(secret: SimulatedSecret, { isCode }: Exchange): void {
    if (isCode) return;
    this.#waiting.get(secret)?.();
    if (!this.#random.chance(1 / ONE_IN)) return;
    const isEnd = this.#random.chance(ENDS);
    const [least, most] = secret.provider.habits.takes;
    this.#world.agenda.after(this.#random.pick([0, this.#random.between(0, least), most / 2]), () => {
      if (!this.#isOpen(secret)) return;
      if (isEnd) this.#erase(secret);
      else this.#change(secret);
    });
  }

  #change(secret: SimulatedSecret): void {
    this.#note(secret, "new credentials are brought during a request");
    const before = secret.refreshToken;
    if (before !== null && this.#random.chance(0.5)) secret.provider.family(before)?.revoke();
    void change(this.#world, secret, secret.provider.consent(this.#world.agenda.now));
  }

  #erase(secret: SimulatedSecret): void {
    this.#note(secret, "the secret is erased during a request");
    void eraseFrom(this.#world, secret);
  }

  #note(secret: SimulatedSecret, what: string): void {
    this.#world.touch(secret);
    secret.note(this.#world.agenda.now, what);
  }

  /** Somebody may still come to it, and it is there. */
  #isOpen(secret: SimulatedSecret): boolean {
    return !this.#world.faults.isOver && secret.isSettled && !secret.isGone && secret.stored !== null;
  }

  /** Resolves when a request is in the air, or when the person has waited for long. */
  async #nextRequest(secret: SimulatedSecret): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.set(secret, resolve);
      this.#world.agenda.after(PATIENCE_MS, resolve);
    });
    this.#waiting.delete(secret);
  }
}
