/**
 * The platform around one actor: what is stored, the alarm, and which process serves it. Alarms ring at least once, are used up by
 * ringing, and are tried again when the handler rejects or its process dies: after two seconds, doubling, six times.
 */

import type { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { type Appointment, callOff } from "./agenda.ts";
import { Incarnation } from "./incarnation.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const MOST_TRIES = 6;
const LATEST_MS = 60_000;
/** An alarm that is overdue when it is set does not ring in the same moment. */
const SOONEST_MS = 20;

export class Host {
  stored: ActorRecord | null = null;
  /** When the alarm rings; null: none is set, or it is ringing. */
  alarmAt: number | null = null;
  /** The platform gave an alarm up. */
  isAlarmLost = false;
  alarmLostAt = Number.NEGATIVE_INFINITY;
  /** The alarm's handler is running. */
  isRinging = false;
  /** How often the alarm rang. */
  rings = 0;
  #isReplaced = false;
  #isWaiting = false;
  #alarm: Appointment | null = null;
  #process: Incarnation | null = null;
  #processes = 0;
  readonly #secret: SimulatedSecret;
  readonly #world: World;

  constructor(secret: SimulatedSecret, world: World) {
    this.#secret = secret;
    this.#world = world;
  }

  /** The platform has the alarm in mind: it is set, ringing, or will be tried again. */
  get isAlarmed(): boolean {
    return this.alarmAt !== null || this.isRinging || this.#isWaiting;
  }

  /** Calls the actor, which wakes if it has to. Rejects with `ProcessDied` when its process dies meanwhile. */
  async call<T>(work: (keeper: SecretKeeper) => Promise<T>): Promise<T> {
    return await this.#wake().call(work);
  }

  /** Stores a record and, unless it is undefined, the alarm: together. */
  commit(record: ActorRecord, alarmAt: number | null | undefined): void {
    this.#world.watchers.saving(this.#secret, this.stored, record);
    this.stored = record;
    if (alarmAt !== undefined) this.setAlarm(alarmAt);
  }

  erase(): void {
    if (this.stored === null) return this.setAlarm(null);
    this.#world.watchers.saving(this.#secret, this.stored, null);
    this.stored = null;
    this.setAlarm(null);
  }

  setAlarm(at: number | null): void {
    callOff(this.#alarm);
    this.alarmAt = at;
    this.#isReplaced = true;
    this.#isWaiting = false;
    if (at === null) return;
    const late = this.#lateness();
    this.#alarm = this.#world.agenda.at(Math.max(at, this.#world.agenda.now + SOONEST_MS) + late, () => this.#ring(1));
  }

  #lateness(): number {
    if (!this.#world.faults.strikes("alarm late")) return 0;
    const late = this.#world.random.between(0, LATEST_MS);
    this.#secret.lateAlarmAt = this.#world.agenda.now;
    const { grant } = this.#secret;
    // One that is set anew while it is overdue may be late again.
    if (grant !== null) grant.alarmLateMs += late;
    return late;
  }

  /** Puts the process away, so that the next call wakes another. False: it is busy. */
  putAway(): boolean {
    const process = this.#process;
    if (process === null || !process.isAlive) return true;
    if (process.isBusy || this.isRinging) return false;
    process.isAlive = false;
    this.#process = null;
    return true;
  }

  /** Ends the process that serves the actor, if one does. */
  kill(why: string): void {
    this.#process?.die(why);
  }

  #ring(tries: number): void {
    this.#world.touch(this.#secret);
    if (this.isRinging) {
      this.#alarm = this.#world.agenda.after(100, () => this.#ring(tries));
      return;
    }
    this.alarmAt = null;
    this.isRinging = true;
    this.#isReplaced = false;
    this.#isWaiting = false;
    this.rings += 1;
    this.isAlarmLost = false;
    this.#secret.note(this.#world.agenda.now, tries === 1 ? "the alarm rings" : `the alarm rings, try ${tries}`);
    void this.#serve(tries);
  }

  async #serve(tries: number): Promise<void> {
    const { agenda, random } = this.#world;
    try {
      await this.call((keeper) => keeper.alarm("alarm"));
      this.isRinging = false;
      if (!this.#world.strikes("alarm twice", this.#secret)) return;
      agenda.after(random.pick([0, 1000, 30_000]), () => void this.#ringAgain());
    } catch (error) {
      this.isRinging = false;
      this.#secret.note(agenda.now, `the alarm fails: ${String(error)}`);
      if (!this.#isReplaced && this.stored !== null) this.#retry(tries);
    }
  }

  #retry(tries: number): void {
    if (tries > MOST_TRIES) {
      this.isAlarmLost = true;
      this.alarmLostAt = this.#world.agenda.now;
      this.#world.count("alarms that the platform gave up");
      this.#secret.note(this.#world.agenda.now, "the platform gives the alarm up");
      return;
    }
    this.#isWaiting = true;
    this.#alarm = this.#world.agenda.after(1000 * 2 ** tries, () => this.#ring(tries + 1));
  }

  /** The same alarm once more, although it was served. */
  async #ringAgain(): Promise<void> {
    this.#world.touch(this.#secret);
    if (this.isRinging || this.stored === null) return;
    this.#secret.note(this.#world.agenda.now, "the alarm rings twice");
    this.isRinging = true;
    await this.call((keeper) => keeper.alarm("alarm")).catch(() => undefined);
    this.isRinging = false;
  }

  #wake(): Incarnation {
    const { agenda, random } = this.#world;
    const restedMs = agenda.now - (this.#process?.lastActiveAt ?? agenda.now);
    if (restedMs > random.between(10_000, 70_000)) this.putAway();
    const pointsLeft = this.#drawCrash();
    if (this.#process?.isAlive !== true || this.#world.splits()) {
      this.#process = new Incarnation(++this.#processes, this.#secret, this.#world, pointsLeft);
    } else this.#process.pointsLeft ??= pointsLeft;
    return this.#process;
  }

  /** After how many await points the process dies that serves this call; null: it does not. */
  #drawCrash(): number | null {
    return this.#world.strikes("crash elsewhere", this.#secret) ? this.#world.random.integer(0, 12) : null;
  }
}
