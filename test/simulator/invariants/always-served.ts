/**
 * F. A valid token is always served, whatever happens to its renewal: at once while enough is left, else within twelve seconds. Nobody
 * waits longer, and nobody is told that there is none when there is one.
 */

import type { Secret } from "../../../src/domain/secret.ts";
import type { Call, Outcome } from "../call.ts";
import type { SimulatedSecret } from "../secret.ts";
import type { Watcher, World } from "../world.ts";

const SECOND = 1000;
const PATIENCE_MS = 12 * SECOND;
const MANUAL_PATIENCE_MS = 25 * SECOND;
/** The moment before its end in which a token is not worth stopping for. */
const LAST_MOMENT_MS = SECOND;
const LITTLE_MS = 10 * SECOND;
/** The longest that anything else may take. */
const FORGOTTEN_AFTER = 60 * SECOND;

export class AlwaysServed implements Watcher {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  answered(secret: SimulatedSecret, call: Call, outcome: Outcome): void {
    const { wish, askedAt, stored } = call;
    if (wish.kind === "refresh") return this.#checkManual(secret, call, outcome);
    if (wish.kind !== "read" || outcome.kind === "cut" || stored?.secret == null) return;
    if (secret.stored === null || secret.clockSteppedAt >= askedAt || secret.sealedUntil >= askedAt) return;
    const { now } = this.#world.agenda;
    const waited = now - askedAt;
    const limit = isComfortable(call, stored.secret) || !wish.waits ? 0 : PATIENCE_MS + 1;
    if (waited > limit)
      return this.#world.breaks("F", secret, `a read waited ${waited} ms, and ${limit} would have been enough`);
    if (outcome.kind === "answered") return;
    const { code } = outcome.error.failure;
    const isBroken = secret.writeRefusedAt >= askedAt;
    if (code === "internal" && !isBroken) {
      return this.#world.breaks("F", secret, `a read failed: ${outcome.error.failure.internal}`);
    }
    // A token of some seconds may end while its storing is tried again.
    const isOverSince = isBroken && secret.grant?.exchange?.issued != null && secret.grant.storedAt === now;
    if (left(call, stored.secret) > LAST_MOMENT_MS && !isOverSince) {
      return this.#world.breaks(
        "F",
        secret,
        `a read was refused (${code}) although the token was good for ${left(call, stored.secret)} ms`,
      );
    }
    const { expiresAt } = secret.stored;
    if (expiresAt === null || expiresAt > now + secret.clockOffset) {
      this.#world.breaks("F", secret, `a read was refused (${code}) although there is a token by now`);
    }
  }

  /** Who asks for a renewal waits longer, and not for ever either. */
  #checkManual(secret: SimulatedSecret, { askedAt }: Call, outcome: Outcome): void {
    const waited = this.#world.agenda.now - askedAt;
    if (outcome.kind === "cut" || secret.clockSteppedAt >= askedAt) return;
    if (waited > MANUAL_PATIENCE_MS) this.#world.breaks("F", secret, `a refresh waited ${waited} ms`);
  }

  swept(secret: SimulatedSecret): void {
    for (const { wish, askedAt } of secret.calls) {
      if (secret.clockSteppedAt >= askedAt) continue;
      const waited = this.#world.agenda.now - askedAt;
      if (waited > FORGOTTEN_AFTER)
        this.#world.breaks("F", secret, `a ${wish.kind} has waited ${waited} ms for its answer`);
    }
  }
}

/** How long the token was good when the call came, by the actor's clock. */
function left({ askedAt, clockOffset }: Call, { expiresAt }: Secret): number {
  return expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt - askedAt - clockOffset;
}

/** Enough is left to answer at once. */
function isComfortable(call: Call, secret: Secret): boolean {
  if (secret.expiresAt === null || secret.renewedWith === null || secret.trouble?.kind === "needs_reauthorization")
    return true;
  const wanted = call.wish.kind === "read" ? call.wish.minTtlSeconds * SECOND : 0;
  const little = Math.min(LITTLE_MS, (secret.expiresAt - secret.issuedAt) / 4);
  return left(call, secret) >= Math.max(little, wanted);
}
