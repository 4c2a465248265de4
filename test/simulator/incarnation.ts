/**
 * One life of an actor: a process that holds its keeper in memory until it dies or is put away. What a dead one still does reaches
 * nobody: its promises never settle.
 */

import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { portsOf } from "./ports.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

/** What a caller hears when the process under its call dies: it may ask again. */
export class ProcessDied extends Error {}

export class Incarnation {
  readonly number: number;
  readonly secret: SimulatedSecret;
  readonly keeper: SecretKeeper;
  isAlive = true;
  /** It dies at the await point after so many; null: it does not. */
  pointsLeft: number | null;
  lastActiveAt: number;
  /** Work that goes on behind an answer. */
  kept = 0;
  readonly #world: World;
  readonly #calls = new Set<(error: Error) => void>();

  constructor(number: number, secret: SimulatedSecret, world: World, pointsLeft: number | null) {
    this.number = number;
    this.secret = secret;
    this.#world = world;
    this.pointsLeft = pointsLeft;
    this.lastActiveAt = world.agenda.now;
    const ports = portsOf(this, secret, world);
    this.keeper = new SecretKeeper(world.mutation === null ? ports : world.mutation(ports, secret, world));
  }

  get isBusy(): boolean {
    return this.kept > 0 || this.#calls.size > 0;
  }

  /** Does some work for a caller. @throws {ProcessDied} */
  call<T>(work: (keeper: SecretKeeper) => Promise<T>): Promise<T> {
    this.lastActiveAt = this.#world.agenda.now;
    return new Promise<T>((resolve, reject) => {
      const end = (settle: () => void) => {
        if (!this.#calls.delete(reject)) return;
        this.lastActiveAt = this.#world.agenda.now;
        this.#world.touch(this.secret);
        settle();
      };
      this.#calls.add(reject);
      work(this.keeper).then(
        (value) => end(() => resolve(value)),
        (error: Error) => end(() => reject(error)),
      );
    });
  }

  /** Comes to an await point. False: the process is dead, or dies here. */
  passes(point: string): boolean {
    if (!this.isAlive) return false;
    if (this.pointsLeft === null) return true;
    this.pointsLeft -= 1;
    if (this.pointsLeft >= 0) return true;
    this.die(`crash ${point}`);
    return false;
  }

  /** Ends this life: nothing of it reaches the world any more, and its callers learn of it. */
  die(why: string): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    const { secret } = this;
    const { agenda } = this.#world;
    secret.disturbedAt = agenda.now;
    secret.note(agenda.now, `the process dies: ${why}`);
    if (secret.grant !== null && secret.stored?.attempt != null) secret.grant.wasInterrupted = true;
    this.#world.count("processes that died");
    for (const exchange of secret.exchanges) {
      if (exchange.process !== this.number || exchange.isStored || exchange.fate === "given up") continue;
      if (exchange.fate === "heard" && exchange.endedAt !== agenda.now) continue;
      exchange.fate = "lost with its process";
      exchange.endedAt = agenda.now;
      exchange.loss = "the process died before its answer was stored";
    }
    agenda.after(0, () => {
      this.#world.touch(secret);
      const calls = [...this.#calls];
      this.#calls.clear();
      for (const reject of calls) reject(new ProcessDied(why));
    });
  }
}
