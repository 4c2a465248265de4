/** E. A slow or dead provider delays only its own secrets: from its journal to its request nothing waits, and no budget holds back whose provider is well. */

import type { Exchange, SimulatedSecret } from "../secret.ts";
import type { Watcher, World } from "../world.ts";

/** The breaker's longest pause, and the longest time over which those who were held back come again, twice. */
const AFTERMATH_MS = 8 * 60_000;

export class NobodyStarves implements Watcher {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  heldBack(secret: SimulatedSecret): void {
    const well = this.#world.agenda.now - secret.provider.wellSince;
    if (well > AFTERMATH_MS)
      this.#world.breaks("E", secret, "it was held back, and its provider has been well for long");
  }

  sending(secret: SimulatedSecret, { isCode }: Exchange): void {
    if (secret.grant === null || isCode) return;
    const waited = this.#world.agenda.now - secret.grant.journalAt;
    if (waited > 0)
      this.#world.breaks("E", secret, `its request waited ${waited} ms for something that is not its own`);
  }
}
