/**
 * C. One flight: never two requests in the air that carry the same refresh token, never one that was spent when its successor is stored,
 * never one without its journal, and none that nobody needs, however many ask.
 */

import type { Secret } from "../../../src/domain/secret.ts";
import type { ActorRecord } from "../../../src/secret-actor/record.ts";
import type { Call, Wish } from "../call.ts";
import type { Exchange, SimulatedSecret } from "../secret.ts";
import type { Watcher, World } from "../world.ts";

const SECOND = 1000;
const LITTLE_MS = 10 * SECOND;
/** A token that lives for so long need not be renewed again for those who came together. */
const LASTING_MS = 120 * SECOND;
/** The longest that D1 and the budget may take together before the journal is written. */
const LONGEST_WAY_MS = 12 * SECOND;

export class OneFlight implements Watcher {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  saving(secret: SimulatedSecret, before: ActorRecord | null, after: ActorRecord | null): void {
    const attempt = after?.secret?.attempt ?? null;
    if (before === null || attempt === null || attempt.id === before.secret?.attempt?.id) return;
    const why = this.#whyNot(secret, before);
    if (why !== null) this.#world.breaks("C", secret, `a renewal starts ${why}`);
  }

  asked(secret: SimulatedSecret, { wish, stored }: Call): void {
    const known = stored?.secret ?? null;
    if (known !== null && needsRenewal(wish, known, this.#now(secret))) secret.neededAt = this.#world.agenda.now;
  }

  sending(secret: SimulatedSecret, { isCode, refreshToken }: Exchange): void {
    if (isCode) return;
    const inAir = secret.exchanges.filter((each) => each.fate === "in the air" && each.refreshToken === refreshToken);
    if (inAir.length > 1) this.#world.breaks("C", secret, `${refreshToken} is in the air twice`);
    if (refreshToken !== secret.refreshToken) {
      this.#world.breaks("C", secret, `${refreshToken} is sent, but ${secret.refreshToken} is stored`);
    }
    if (secret.stored?.attempt == null) this.#world.breaks("C", secret, `${refreshToken} is sent without a journal`);
  }

  crowdServed(secret: SimulatedSecret, callers: number, caused: readonly Exchange[]): void {
    const haveAllWorked = caused.every(({ heard, isStored }) => heard?.kind === "granted" && isStored);
    const isLasting = caused.every(({ heard, sentAt }) => {
      if (heard?.kind !== "granted") return false;
      return heard.expiresAt === null || heard.expiresAt - sentAt > LASTING_MS;
    });
    if (caused.length < 2 || !haveAllWorked || !isLasting) return;
    this.#world.breaks("C", secret, `${callers} callers at once caused ${caused.length} requests that worked`);
  }

  /** Says why nobody needs a renewal now; null: somebody does. */
  #whyNot(secret: SimulatedSecret, before: ActorRecord): string | null {
    const now = this.#now(secret);
    const known = before.secret;
    if (known === null) return "without a secret";
    if (known.trouble?.kind === "needs_reauthorization") return "of a grant that is over";
    if (known.refreshAt !== null && known.refreshAt <= now) return null;
    const isPaused = known.trouble?.kind === "confirming" || known.trouble?.reason === "rate_limited";
    if (isPaused)
      return `${known.refreshAt === null ? "" : known.refreshAt - now} ms before the provider wants to be asked again`;
    for (const { wish } of secret.calls) if (needsRenewal(wish, known, now)) return null;
    if (this.#world.agenda.now - secret.clockSteppedAt < LONGEST_WAY_MS) return null;
    // Who asked may have gone while D1 or the budget kept the renewal waiting.
    const isAwaited =
      this.#world.agenda.now - secret.neededAt < LONGEST_WAY_MS && secret.neededAt >= (secret.grant?.storedAt ?? 0);
    return isAwaited ? null : "that nobody asked for and that is not due";
  }

  #now(secret: SimulatedSecret): number {
    return this.#world.agenda.now + secret.clockOffset;
  }
}

/** Decides whether a caller cannot do with the token that is stored. */
function needsRenewal(wish: Wish, { trouble, expiresAt }: Secret, now: number): boolean {
  if (wish.kind === "refresh") return true;
  if (wish.kind !== "read" || trouble !== null || expiresAt === null) return false;
  return expiresAt - now <= Math.max(LITTLE_MS, wish.minTtlSeconds * SECOND);
}
