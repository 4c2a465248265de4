/** Keeps the books that all invariants read: which grant is stored and where it came from, and which calls wait for their answer. */

import { outcomeOf } from "../../src/domain/provider-budget.ts";
import type { Grant } from "../../src/domain/secret.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import type { Call, Outcome } from "./call.ts";
import type { Exchange, SimulatedSecret } from "./secret.ts";
import type { Watcher, World } from "./world.ts";

export class Ledger implements Watcher {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  saving(secret: SimulatedSecret, before: ActorRecord | null, after: ActorRecord | null): void {
    const { now } = this.#world.agenda;
    if (after?.secret == null) {
      secret.grant = null;
      return;
    }
    const { version, attempt } = after.secret;
    if (before?.secret?.version !== version) this.#enterGrant(secret, after, version, now);
    const { grant } = secret;
    if (grant !== null && attempt !== null && attempt.id !== before?.secret?.attempt?.id) {
      grant.journalAt = now;
      secret.note(now, `the journal opens for version ${version}`);
    }
    const { trouble } = after.secret;
    if (trouble !== null && trouble !== before?.secret?.trouble) {
      const next =
        after.secret.refreshAt === null
          ? "no more tries"
          : `again in ${this.#seconds(secret, after.secret.refreshAt)} s`;
      secret.note(now, `${trouble.kind} (${trouble.reason}, ${trouble.failures} failures), ${next}`);
    }
  }

  asked(secret: SimulatedSecret, call: Call): void {
    secret.calls.add(call);
  }

  answered(secret: SimulatedSecret, call: Call, outcome: Outcome): void {
    secret.calls.delete(call);
    if (call.wish.kind !== "read") return;
    if (this.#world.agenda.now > call.askedAt) this.#world.count("reads that waited");
    if (outcome.kind === "refused") this.#world.count("reads without a token");
  }

  entering(secret: SimulatedSecret): void {
    if (secret.grant !== null) secret.grant.firstAttemptAt ??= this.#world.agenda.now;
  }

  heldBack(secret: SimulatedSecret): void {
    this.#world.count("renewals that were held back");
    secret.note(this.#world.agenda.now, "the budget holds it back");
  }

  heard({ provider }: SimulatedSecret, exchange: Exchange): void {
    if (exchange.heard?.kind === "refused") this.#world.count("requests that failed");
    if (outcomeOf(exchange.heard) === "down") provider.wellSince = Number.POSITIVE_INFINITY;
    else provider.wellSince = Math.min(provider.wellSince, this.#world.agenda.now);
  }

  #enterGrant(secret: SimulatedSecret, after: ActorRecord, version: number, now: number): void {
    const { expiresAt, refreshAt } = after.secret ?? { expiresAt: null, refreshAt: null };
    const grant = secret.opened(after);
    const accessToken = grant?.access_token;
    const exchange = exchangeOf(secret, grant);
    this.#world.count(exchange === null ? "grants that were brought" : "renewals");
    if (exchange !== null) exchange.isStored = true;
    if (secret.isClockOff && (exchange?.sentAt ?? now) > secret.clockBackAt) secret.isClockOff = false;
    secret.grant = {
      version,
      storedAt: now,
      exchange,
      isOverOnArrival: exchange !== null && isOverOnArrival(secret, exchange),
      firstAttemptAt: null,
      journalAt: now,
      wasInterrupted: false,
      alarmLateMs: 0,
    };
    secret.forgetExchanges(version, now);
    const rest = expiresAt === null ? "for ever" : `for ${this.#seconds(secret, expiresAt)} s`;
    const due = refreshAt === null ? "never due" : `due in ${this.#seconds(secret, refreshAt)} s`;
    secret.note(now, `stores version ${version}: ${accessToken}, good ${rest}, ${due}`);
  }

  #seconds(secret: SimulatedSecret, instant: number): string {
    return ((instant - this.#world.agenda.now - secret.clockOffset) / 1000).toFixed(1);
  }
}

/** Finds the request that brought a grant: by its access token, or, where that was over and the one before was kept, by its refresh token. */
function exchangeOf(secret: SimulatedSecret, grant: Grant | null): Exchange | null {
  const found = secret.exchanges.findLast(({ heard, isStored }) => {
    if (heard?.kind !== "granted" || isStored) return false;
    return heard.grant.access_token === grant?.access_token;
  });
  const over = secret.exchanges.findLast(
    (each) => !each.isStored && each.issued?.refreshToken === grant?.refresh_token && isOverOnArrival(secret, each),
  );
  return found ?? over ?? null;
}

/** The access token of an answer had ended when it arrived. */
function isOverOnArrival({ clockOffset }: SimulatedSecret, { heard, endedAt }: Exchange): boolean {
  if (heard?.kind !== "granted" || heard.expiresAt === null || endedAt === null) return false;
  return heard.expiresAt <= endedAt + clockOffset;
}
