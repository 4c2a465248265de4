/**
 * D. On time: the first try to renew begins at the moment of docs/decisions/0002 as far as the platform's alarm is punctual, a read that
 * comes later begins it, failures are followed by the pauses of the table, and nothing that can be renewed is ever forgotten.
 */

import type { Secret } from "../../../src/domain/secret.ts";
import type { ActorRecord } from "../../../src/secret-actor/record.ts";
import type { Call } from "../call.ts";
import type { SimulatedSecret } from "../secret.ts";
import type { Watcher, World } from "../world.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Two clocks differ by as much, and an alarm that comes too early by one of them is set again. */
const TOLERANCE_MS = 7 * SECOND;
/** The longest that an attempt, a late alarm and the platform's retries may take together. */
const FORGOTTEN_AFTER = 6 * MINUTE;
const JITTER = 1.2;
/** The longest that D1 and the budget may take together before the journal is written. */
const LONGEST_WAY_MS = 12 * SECOND;
/** The longest that a budget holds a secret back: the breaker's pause, and the time over which those who wait come again. */
const HELD_BACK_MS = 4 * MINUTE;
/** The sweep finds an alarm that the platform gave up, though not at once (docs/decisions/0010). */
const SWEPT_AFTER = 7 * HOUR;
/** After a clock went right again, what was planned by the wrong time is found out. */
const CLOCK_SETTLES_MS = 2 * MINUTE;
/** An alarm that is overdue by the platform's clock and not yet due by the actor's rings until the two agree; but not for ever. */
const MOST_RINGS = 10_000;

export class OnTime implements Watcher {
  readonly #world: World;
  readonly #reads = new Map<SimulatedSecret, Call>();
  readonly #rings = new Map<SimulatedSecret, number>();

  constructor(world: World) {
    this.#world = world;
  }

  saving(secret: SimulatedSecret, before: ActorRecord | null, after: ActorRecord | null): void {
    if (before?.secret == null || after?.secret == null || before.secret.version !== after.secret.version) return;
    this.#checkTooEarly(secret, after.secret);
    const hasEnded = before.secret.attempt !== null && after.secret.attempt === null;
    const isMoved = after.secret.attempt === null && before.secret.refreshAt !== after.secret.refreshAt;
    if (hasEnded || isMoved) this.#checkPause(secret, after.secret, hasEnded ? 0 : HELD_BACK_MS);
  }

  entering(secret: SimulatedSecret): void {
    if (secret.stored !== null) this.#checkBegin(secret, secret.stored);
  }

  asked(secret: SimulatedSecret, call: Call): void {
    if (call.wish.kind === "read") this.#reads.set(secret, call);
  }

  settled(secret: SimulatedSecret): void {
    const known = secret.stored;
    const read = this.#reads.get(secret);
    this.#reads.delete(secret);
    if (known === null || !isRenewable(known)) return;
    const { host } = secret;
    // An import that storage refused to finish and to forget, for as long as the platform tried: nobody was told of it.
    if (host.stored?.unconfirmed === true) return;
    if (!host.isAlarmed && !this.#isAlarmLost(secret))
      this.#world.breaks("D", secret, "it is to be renewed, and no alarm is set");
    if (read === undefined || known !== read.stored?.secret) return;
    const { now } = this.#world.agenda;
    if (secret.disturbedAt === now || now - secret.writeRefusedAt < LONGEST_WAY_MS) return;
    const isUnderWay = known.attempt !== null || this.#world.agenda.now - secret.plannedAt < LONGEST_WAY_MS;
    if (!isUnderWay && this.#isDue(secret, known)) {
      this.#world.breaks("D", secret, "a read came when the renewal was due, and did not begin it");
    }
  }

  swept(secret: SimulatedSecret): void {
    const known = secret.stored;
    const rings = secret.host.rings - (this.#rings.get(secret) ?? 0);
    this.#rings.set(secret, secret.host.rings);
    if (rings > MOST_RINGS && !this.#isClockOff(secret))
      this.#world.breaks("D", secret, `its alarm rang ${rings} times in some minutes`);
    if (known === null || !isRenewable(known) || this.#isClockOff(secret)) return;
    // What no index knows no sweep finds: an import that failed, as the alarm did that was to erase it.
    if (secret.host.stored?.unconfirmed === true) return;
    if (secret.grant?.firstAttemptAt === null) this.#checkBegin(secret, known);
    const { now } = this.#world.agenda;
    const wakesAt =
      (known.attempt === null ? (known.refreshAt ?? now) : known.attempt.sentAt + MINUTE) - secret.clockOffset;
    const patience = this.#isAlarmLost(secret) ? SWEPT_AFTER : FORGOTTEN_AFTER;
    const isForgotten = now > wakesAt + patience && now > secret.disturbedAt + patience;
    const isInAir = secret.exchanges.some(({ fate }) => fate === "in the air");
    if (isForgotten && !isInAir) {
      this.#world.breaks("D", secret, `its renewal has been due for ${seconds(now - wakesAt)}, and nothing happens`);
    }
  }

  ended(secret: SimulatedSecret): void {
    const known = secret.stored;
    if (known === null || secret.refreshToken === null) return;
    const { now } = this.#world.agenda;
    if (!secret.provider.takes(secret.refreshToken, now) || secret.provider.isEarly(secret.refreshToken, now)) return;
    if (known.trouble !== null || now >= (known.expiresAt ?? Number.POSITIVE_INFINITY)) {
      const state = known.trouble === null ? "expired" : `${known.trouble.kind}, ${known.trouble.reason}`;
      this.#world.breaks("D", secret, `hours after the last fault it is not fresh again: ${state}`);
    }
  }

  /** The first try for a grant begins at its moment. */
  #checkBegin(secret: SimulatedSecret, known: Secret): void {
    const { grant } = secret;
    const { now } = this.#world.agenda;
    if (grant === null || (grant.firstAttemptAt ?? now) !== now || this.#isClockOff(secret)) return;
    if (secret.disturbedAt >= grant.storedAt) return;
    const late = now - this.#moment(secret, known) - grant.alarmLateMs;
    if (late > TOLERANCE_MS) this.#world.breaks("D", secret, `its renewal begins ${seconds(late)} late`);
  }

  /** A provider that renews nothing yet is no failure while there is a token to use up. */
  #checkTooEarly(secret: SimulatedSecret, after: Secret): void {
    const exchange = secret.lastRefresh;
    const { now } = this.#world.agenda;
    const heard = exchange?.fate === "heard" ? exchange.heard : null;
    const isTooEarly = heard?.kind === "refused" && heard.refusal.class === "too_early";
    if (!isTooEarly || exchange?.endedAt !== now || after.trouble === null || after.trouble.ambiguous) return;
    if (after.expiresAt === null || after.expiresAt > now + secret.clockOffset) {
      this.#world.breaks("D", secret, `too early is taken for a failure: ${after.trouble?.reason}`);
    }
  }

  /** When a grant is to be renewed (docs/decisions/0002), by the world's clock. */
  #moment(secret: SimulatedSecret, known: Secret): number {
    const expiresAt = known.expiresAt ?? Number.POSITIVE_INFINITY;
    const lifetime = (expiresAt - known.issuedAt) / SECOND;
    const longest = Math.max(lifetime / 2, Math.min(60, lifetime - 30), 0);
    const lead = Math.min(secret.client.refreshLeadSeconds, longest);
    const rested = known.issuedAt + (secret.provider.habits.keepaliveSeconds ?? Number.POSITIVE_INFINITY) * SECOND;
    const moment = Math.min(expiresAt - lead * SECOND, rested) - secret.clockOffset;
    const storedAt = secret.grant?.storedAt ?? 0;
    // One that was over when it arrived is no success: the pauses go on.
    const soonest = secret.grant?.isOverOnArrival === true ? storedAt + JITTER * MINUTE : storedAt + SECOND;
    return Math.max(moment, soonest);
  }

  /** A failure is followed by the pause of its row in the table. */
  #checkPause(secret: SimulatedSecret, { trouble, refreshAt, expiresAt, notBefore }: Secret, heldBackMs: number): void {
    if (trouble === null || notBefore !== null) return;
    const now = this.#world.agenda.now + secret.clockOffset;
    const past = expiresAt === null ? 0 : now - expiresAt;
    const exchange = secret.lastRefresh;
    const heard = exchange?.fate === "heard" ? exchange.heard : null;
    const asked = heard?.kind === "refused" ? (heard.refusal.retryAfterSeconds ?? 0) * SECOND : 0;
    if (refreshAt === null) {
      const isOver = trouble.kind === "needs_reauthorization" || past > 30 * DAY;
      if (!isOver) this.#world.breaks("D", secret, `nothing follows on ${trouble.kind}, ${trouble.reason}`);
      return;
    }
    const pause = refreshAt - now;
    const longest = {
      confirming: 2 * SECOND,
      client_misconfigured: HOUR,
      needs_reauthorization: 0,
      retrying: longestPause(past),
    };
    if (pause > Math.max(longest[trouble.kind], asked, heldBackMs) + 1) {
      this.#world.breaks("D", secret, `${trouble.kind}, ${trouble.reason}: the next try is in ${seconds(pause)}`);
    }
    if (trouble.reason === "rate_limited" && exchange?.endedAt === this.#world.agenda.now && pause < asked) {
      this.#world.breaks("D", secret, `the provider wants ${seconds(asked)} of rest and gets ${seconds(pause)}`);
    }
  }

  /** Its clock is wrong, or was so a moment ago. */
  #isClockOff({ clockBackAt }: SimulatedSecret): boolean {
    return this.#world.agenda.now < clockBackAt + CLOCK_SETTLES_MS;
  }

  /** The platform gave its alarm up, and the sweep may not have come by since. */
  #isAlarmLost({ host }: SimulatedSecret): boolean {
    return host.isAlarmLost && this.#world.agenda.now < host.alarmLostAt + SWEPT_AFTER;
  }

  #isDue(secret: SimulatedSecret, { refreshAt }: Secret): boolean {
    return refreshAt !== null && refreshAt <= this.#world.agenda.now + secret.clockOffset;
  }
}

function longestPause(past: number): number {
  if (past > DAY) return HOUR * JITTER;
  return (past > 15 * MINUTE ? 5 * MINUTE : MINUTE) * JITTER;
}

function isRenewable({ renewedWith, refreshAt, attempt, trouble }: Secret): boolean {
  return renewedWith !== null && trouble?.kind !== "needs_reauthorization" && (refreshAt !== null || attempt !== null);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / SECOND).toFixed(1)} s`;
}
