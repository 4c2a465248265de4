/**
 * D, from its other side: no haste. A failure is counted, and the next try is planned no sooner than the pause of its row in the table lets it
 * be; only a lost answer is followed by two quick tries. That nobody begins before what is planned is for `one-flight`.
 */

import type { HeldBack } from "../../../src/domain/provider-budget.ts";
import type { Secret, Trouble } from "../../../src/domain/secret.ts";
import type { ActorRecord } from "../../../src/secret-actor/record.ts";
import type { SimulatedSecret } from "../secret.ts";
import type { Watcher, World } from "../world.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FIRST_PAUSES = [1, 2, 5, 10, 20, 40].map((seconds) => seconds * SECOND);
const JITTER = 0.8;
/** The pauses before the quick tries that follow a lost answer. */
const QUICK_PAUSES = [1 * SECOND, 4 * SECOND];
const CONFIRMATION = 2 * SECOND;

export class NoHaste implements Watcher {
  readonly #world: World;
  /** Until when a budget last told a secret to wait. */
  readonly #heldUntil = new Map<SimulatedSecret, number>();

  constructor(world: World) {
    this.#world = world;
  }

  heldBack(secret: SimulatedSecret, { until }: HeldBack): void {
    this.#heldUntil.set(secret, until);
  }

  saving(secret: SimulatedSecret, before: ActorRecord | null, after: ActorRecord | null): void {
    const known = before?.secret ?? null;
    const next = after?.secret ?? null;
    if (known === null || next === null || known.version !== next.version || next.attempt !== null) return;
    const isCounted = (next.trouble?.failures ?? 0) > (known.trouble?.failures ?? 0);
    if (known.attempt !== null && this.#wasRefused(secret) && !isCounted)
      return this.#world.breaks("D", secret, "an attempt failed, and is not counted as a failure");
    if (next.trouble === null || next.refreshAt === null || !isCounted) return;
    const isCorrected = (after?.client?.version ?? 0) > (before?.client?.version ?? 0);
    if (isCorrected && next.trouble.kind === "client_misconfigured") return;
    // Where the actor says when it lost the answer, that counts: a clock that it does not look at breaks other promises.
    const { lostAt } = next.trouble;
    const isLostNow = lostAt !== null && lostAt !== known.trouble?.lostAt;
    const now = isLostNow ? lostAt : this.#world.agenda.now + secret.clockOffset;
    const pause = next.refreshAt - now;
    const isHeldBack = next.refreshAt === this.#heldUntil.get(secret) && pause >= SECOND;
    const shortest = shortestPause(known.trouble, next.trouble, pastExpiry(next, next.trouble, now));
    if (isHeldBack || pause >= Math.floor(shortest)) return;
    const { kind, reason, failures } = next.trouble;
    this.#world.breaks(
      "D",
      secret,
      `${kind}, ${reason}: after ${failures} failures the next try is in ${pause} ms, and ${shortest} is the least`,
    );
  }

  /** Its last request was refused in this instant, and not because it came too early. */
  #wasRefused({ lastRefresh }: SimulatedSecret): boolean {
    if (lastRefresh?.endedAt !== this.#world.agenda.now || lastRefresh.heard?.kind !== "refused") return false;
    return lastRefresh.heard.refusal.class !== "too_early";
  }
}

function shortestPause(before: Trouble | null, { kind, failures, quickTries }: Trouble, past: number): number {
  if (kind === "confirming") return CONFIRMATION;
  if (kind === "client_misconfigured") return HOUR;
  const quick = quickTries > (before?.quickTries ?? 0) ? QUICK_PAUSES[quickTries - 1] : undefined;
  if (quick !== undefined) return quick;
  if (past > DAY) return JITTER * HOUR;
  if (past > 15 * MINUTE) return JITTER * 5 * MINUTE;
  return JITTER * (FIRST_PAUSES[failures - 1] ?? MINUTE);
}

/** For how long it has been tried in vain with a token that is over. */
function pastExpiry({ expiresAt }: Secret, { since }: Trouble, now: number): number {
  return expiresAt === null ? 0 : Math.min(now - expiresAt, now - since);
}
