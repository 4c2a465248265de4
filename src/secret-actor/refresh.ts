/**
 * One refresh at a time: alarm, reads and manual requests share one promise. Here is who starts it, who joins and who waits how
 * long; what an attempt does is in `attempt`.
 */

import { canRefresh, isDue, isServable, isTooEarly, whatReadNeeds } from "../domain/refresh-schedule.ts";
import type { Secret } from "../domain/secret.ts";
import { runAttempt } from "./attempt.ts";
import type { Memory } from "./memory.ts";
import type { Cause, Ports } from "./ports.ts";

/** The longest that a reader waits. */
const READER_PATIENCE_MS = 12_000;
/** The longest that whoever asks for a renewal waits for attempts: as long as most of them may take. */
const MANUAL_PATIENCE_MS = 25_000;
/** A token with less than this left is not worth stopping for. */
const LAST_MOMENT_MS = 1000;

export class Refresher {
  readonly #memory: Memory;
  readonly #ports: Ports;
  #flight: Promise<void> | null = null;
  /** Until when the provider's budget told the last attempt to wait. */
  #heldUntil: number | null = null;

  constructor(memory: Memory, ports: Ports) {
    this.#memory = memory;
    this.#ports = ports;
  }

  /** The attempt that is under way in this process. */
  get flight(): Promise<void> | null {
    return this.#flight;
  }

  /** Starts an attempt, or joins the one that is under way. Settles when its outcome is stored; rejects for broken storage alone. */
  attempt(cause: Cause): Promise<void> {
    if (this.#flight === null) {
      const flight = this.#run(cause).finally(() => {
        this.#flight = null;
        this.#ports.keepAlive(this.#memory.publishQuietly());
      });
      this.#flight = flight;
      this.#ports.keepAlive(flight);
    }
    return this.#flight;
  }

  async #run(cause: Cause): Promise<void> {
    this.#heldUntil = await runAttempt(this.#memory, this.#ports, cause);
  }

  /** Does what a read needs before it is answered: nothing, a renewal behind it, or a renewal that it waits for. */
  async prepareRead(cause: Cause, minTtlSeconds: number): Promise<void> {
    const { version } = this.#memory.secret;
    const deadline = patienceEnds(this.#memory.secret, this.#ports.now());
    while (this.#memory.secret.version === version) {
      const secret = this.#memory.secret;
      const now = this.#ports.now();
      const need = whatReadNeeds(secret, now, minTtlSeconds);
      if (need === "serve" || now >= deadline) return;
      if (need === "serve_and_renew") {
        void this.attempt(cause);
        return;
      }
      if (this.#mayAttempt(secret, now)) {
        if (!(await this.#stayFor(this.attempt(cause), deadline))) return;
      } else if (isServable(secret, now)) return;
      else if (!(await this.#awaitNextAttempt(secret, now, deadline))) return;
    }
  }

  /** Renews now, whatever the schedule says, and stays for the quick second tries. Returns when the version rose or nothing more helps. */
  async renewNow(cause: Cause): Promise<void> {
    const { version } = this.#memory.secret;
    const startedAt = this.#ports.now();
    const deadline = startedAt + READER_PATIENCE_MS;
    const lastDeadline = startedAt + MANUAL_PATIENCE_MS;
    const joins = this.#flight !== null;
    if (isTooEarly(this.#memory.secret, this.#ports.now())) return;
    if (joins || !this.#isToWait(this.#memory.secret)) await this.#ended(cause, lastDeadline);
    // The flight that was joined may have been of an older version, and have lost against a consent.
    const after = this.#memory.secret;
    const hasLost = joins && after.version === version && after.trouble === null;
    if (hasLost && !this.#isToWait(after)) await this.#ended(cause, lastDeadline);
    while (this.#memory.secret.version === version) {
      const secret = this.#memory.secret;
      const now = this.#ports.now();
      if (!canRefresh(secret) || secret.trouble?.kind === "client_misconfigured") return;
      if (now >= lastDeadline || isTooEarly(secret, now)) return;
      if (this.#flight !== null || isDue(secret, now)) await this.#ended(cause, lastDeadline);
      else if (!(await this.#awaitNextAttempt(secret, now, deadline))) return;
    }
  }

  /** Waits for an attempt, though not for a provider that hangs, or for storage that fails for minutes. */
  async #ended(cause: Cause, deadline: number): Promise<void> {
    await this.#ports.waitFor(this.attempt(cause), deadline - this.#ports.now());
  }

  /** While a failure, or the provider's word, is pausing the schedule, readers do not make it shorter. */
  #mayAttempt(secret: Secret, now: number): boolean {
    const isPaused = secret.trouble !== null || isTooEarly(secret, now) || this.#isHeldBack(secret);
    return this.#flight !== null || !isPaused || isDue(secret, now);
  }

  /**
   * Decides whether even a caller who asks for a renewal has to wait for the moment it is due: a provider that called the grant dead is
   * asked again no sooner than its two seconds are over, and the budget counts on nobody coming sooner than told.
   */
  #isToWait(secret: Secret): boolean {
    const now = this.#ports.now();
    const isPaused = this.#isHeldBack(secret) && !isDue(secret, now);
    return secret.trouble?.kind === "confirming" || isPaused || isTooEarly(secret, now);
  }

  #isHeldBack({ refreshAt }: Secret): boolean {
    return refreshAt !== null && refreshAt === this.#heldUntil;
  }

  /** Waits for an attempt until the deadline. False: storage is broken, which is no reason to withhold a token that is still valid. */
  async #stayFor(attempt: Promise<void>, deadline: number): Promise<boolean> {
    try {
      await this.#ports.waitFor(attempt, deadline - this.#ports.now());
      return true;
    } catch (error) {
      if (isServable(this.#memory.secret, this.#ports.now())) return false;
      throw error;
    }
  }

  async #awaitNextAttempt(secret: Secret, now: number, deadline: number): Promise<boolean> {
    if (secret.refreshAt === null || secret.refreshAt > deadline) return false;
    await this.#ports.waitFor(null, secret.refreshAt - now);
    return true;
  }
}

/** Gives the moment at which a reader stops waiting: while the token at hand can still be served, if there is time for that. */
function patienceEnds({ expiresAt }: Secret, now: number): number {
  const lastMoment = (expiresAt ?? now) - LAST_MOMENT_MS;
  return lastMoment > now ? Math.min(lastMoment, now + READER_PATIENCE_MS) : now + READER_PATIENCE_MS;
}
