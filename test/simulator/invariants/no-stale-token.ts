/** A. A reader never gets a token at or past its known expiry: by the actor's own clock not for a moment, by the provider's with 5 s of skew. */

import type { Call, Outcome } from "../call.ts";
import type { SimulatedSecret } from "../secret.ts";
import { takenUntil } from "../tokens.ts";
import type { Watcher, World } from "../world.ts";

const SKEW_MS = 5000;

export class NoStaleToken implements Watcher {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  answered(secret: SimulatedSecret, { wish }: Call, outcome: Outcome): void {
    if (outcome.kind !== "answered" || outcome.view?.credentials.kind !== "token") return;
    const { accessToken, expiresAt } = outcome.view.credentials;
    if (accessToken === null) return;
    const { now } = this.#world.agenda;
    const past = expiresAt === null ? -1 : now + secret.clockOffset - expiresAt;
    if (past >= 0) {
      return this.#world.breaks("A", secret, `a ${wish.kind} got ${accessToken} ${past} ms past its expiry`);
    }
    const until = takenUntil(accessToken);
    if (until === null || secret.isClockOff || now < until + SKEW_MS) return;
    this.#world.breaks(
      "A",
      secret,
      `a ${wish.kind} got ${accessToken}, which its provider takes no more for ${now - until} ms`,
    );
  }
}
