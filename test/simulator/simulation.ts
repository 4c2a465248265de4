/** Makes a world of a seed, lets its time pass, and tells what happened. The same options give the same story, to the last step. */

import { Agenda } from "./agenda.ts";
import { Budgets } from "./budgets.ts";
import { read } from "./caller.ts";
import { Database } from "./database.ts";
import { type FaultKind, Faults, type Mood, type Striking } from "./faults.ts";
import { Host } from "./host.ts";
import { AlwaysServed } from "./invariants/always-served.ts";
import { NoHaste } from "./invariants/no-haste.ts";
import { NobodyStarves } from "./invariants/nobody-starves.ts";
import { NoLostGrant } from "./invariants/no-lost-grant.ts";
import { NoStaleToken } from "./invariants/no-stale-token.ts";
import { OneFlight } from "./invariants/one-flight.ts";
import { OnTime } from "./invariants/on-time.ts";
import { startSweep } from "./inspection.ts";
import { Interruptions } from "./interruptions.ts";
import { Ledger } from "./ledger.ts";
import type { Loss } from "./losses.ts";
import { connect, deploys, livesWith, troubles } from "./people.ts";
import type { Habits } from "./provider.ts";
import { Random } from "./random.ts";
import { makeProviders, type Registered } from "./registrations.ts";
import { type Happening, SimulatedSecret } from "./secret.ts";
import { startTraffic } from "./traffic.ts";
import { allOf } from "./watching.ts";
import type { Mutation, Promised, Watcher, World } from "./world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const T0 = Date.parse("2026-01-01T00:00:00Z");
/** After the last fault so much time passes before the world ends; the longest pause between two tries is an hour and a fifth. */
const QUIET = 3 * HOUR;
const SWEEP = 10 * MINUTE;

/** A process dies in the renewal of this number, after so many of its await points. */
export interface CrashPoint {
  renewal: number;
  point: number;
}

export interface Options {
  seed: number;
  secrets: number;
  days: number;
  /** Null: as the seed says. */
  mood?: Mood | null;
  /** The providers, in place of some of each model. */
  habits?: readonly Habits[] | null;
  mutation?: Mutation | null;
  crashPoint?: CrashPoint | null;
  /** Breaks what the platform promises: one process at a time for each actor. */
  isSplit?: boolean;
}

/** A promise that was not kept. */
export interface Breach {
  promise: Promised;
  secret: number;
  provider: string;
  at: number;
  how: string;
  trace: readonly Happening[];
}

export interface Story {
  options: Options;
  mood: Mood;
  breach: Breach | null;
  counts: ReadonlyMap<string, number>;
  faults: ReadonlyMap<FaultKind, number>;
  losses: readonly Loss[];
  /** How many things happened, and a number that tells one story from another. */
  steps: number;
  fingerprint: number;
}

/** Lets a world's time pass. `onDay` is told how many days are over. */
export async function simulate(options: Options, onDay: (days: number) => void = () => undefined): Promise<Story> {
  const simulation = new Simulation(options);
  return await simulation.run(onDay);
}

class Simulation implements World {
  readonly agenda = new Agenda(T0);
  readonly database = new Database();
  readonly budgets = new Budgets();
  readonly random: Random;
  readonly faults: Faults;
  readonly watchers: Required<Watcher>;
  readonly mutation: Mutation | null;
  readonly #crashPoint: CrashPoint | null;
  readonly #options: Options;
  readonly #mood: Mood;
  readonly #counts = new Map<string, number>();
  readonly #touched = new Set<SimulatedSecret>();
  readonly #custody = new NoLostGrant(this);
  readonly #secrets: SimulatedSecret[] = [];
  readonly #providers: readonly Registered[];
  #breach: Breach | null = null;
  #fingerprint = 0;
  #numbers = 0;
  #planned = 0;

  constructor(options: Options) {
    this.#options = options;
    const root = new Random(options.seed);
    this.random = root.fork();
    this.#mood =
      options.mood ?? root.pick(["calm", "usual", "usual", "usual", "usual", "usual", "usual", "stormy"] as const);
    this.faults = new Faults(root.fork(), this.#mood);
    this.mutation = options.mutation ?? null;
    this.#crashPoint = options.crashPoint ?? null;
    const makesProviders = root.fork();
    this.watchers = allOf([
      new Ledger(this),
      new NoStaleToken(this),
      this.#custody,
      new OneFlight(this),
      new OnTime(this),
      new NoHaste(this),
      new NobodyStarves(this),
      new AlwaysServed(this),
      // Where the platform breaks its word, or a process dies at a point that is given, that is all that happens.
      ...(this.#crashPoint === null && options.isSplit !== true ? [new Interruptions(this, root.fork())] : []),
    ]);
    this.#providers = makeProviders(options, this.database, makesProviders);
  }

  strikes(kind: Striking, secret: SimulatedSecret): boolean {
    if (!this.faults.strikes(kind)) return false;
    secret.disturbedAt = this.agenda.now;
    secret.note(this.agenda.now, `fault: ${kind}`);
    return true;
  }

  touch(secret: SimulatedSecret): void {
    this.#touched.add(secret);
  }

  crashesAt(): number | null {
    this.#planned += 1;
    return this.#crashPoint?.renewal === this.#planned ? this.#crashPoint.point : null;
  }

  splits(): boolean {
    return this.#options.isSplit === true && this.random.chance(0.5);
  }

  breaks(promise: Promised, secret: SimulatedSecret, how: string): void {
    secret.note(this.agenda.now, `promise ${promise} is broken: ${how}`);
    this.#breach ??= {
      promise,
      secret: secret.number,
      provider: secret.provider.habits.name,
      at: this.agenda.now,
      how,
      trace: secret.trace(),
    };
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  async run(onDay: (days: number) => void): Promise<Story> {
    const { secrets, days } = this.#options;
    for (let number = 0; number < secrets; number++) this.#settle(this.random.between(0, Math.min(HOUR, days * DAY)));
    this.#startTroubles();
    const quietAt = T0 + days * DAY;
    for (let day = 1; day <= Math.ceil(days) && this.#breach === null; day++) {
      await this.#pass(Math.min(quietAt, T0 + day * DAY));
      onDay(day);
    }
    this.#calm();
    await this.#pass(quietAt + QUIET);
    await this.#end();
    return {
      options: this.#options,
      mood: this.#mood,
      breach: this.#breach,
      counts: this.#counts,
      faults: this.faults.counts,
      losses: this.#custody.losses,
      steps: this.agenda.steps,
      fingerprint: this.#fingerprint,
    };
  }

  async #pass(until: number): Promise<void> {
    let sweepAt = this.agenda.now + SWEEP;
    while (this.#breach === null && (await this.agenda.step(until))) {
      for (const secret of this.#touched) this.watchers.settled(secret);
      this.#fingerprint = (Math.imul(this.#fingerprint, 31) + this.agenda.now + 7 * this.#touched.size) | 0;
      this.#touched.clear();
      if (this.agenda.now < sweepAt) continue;
      for (const secret of this.#secrets) this.watchers.swept(secret);
      sweepAt = this.agenda.now + SWEEP;
    }
  }

  /** Nothing goes wrong any more: providers are well, clocks go right, and writes are taken. */
  #calm(): void {
    this.faults.end();
    for (const { provider } of this.#providers) provider.heal();
    for (const secret of this.#secrets) {
      secret.setClock(this.agenda.now, 0);
      secret.clockBackAt = Math.min(secret.clockBackAt, this.agenda.now);
      secret.writesFailUntil = secret.sealedUntil = this.agenda.now;
    }
  }

  /** Everybody is read once more, and then everything must be well. */
  async #end(): Promise<void> {
    for (const secret of this.#secrets) {
      if (secret.stored === null) continue;
      this.agenda.after(0, () => void read(this, secret, { kind: "read", minTtlSeconds: 0, waits: true }));
    }
    await this.#pass(this.agenda.now + MINUTE);
    if (this.#breach !== null) return;
    for (const secret of this.#secrets) this.watchers.ended(secret);
  }

  #startTroubles(): void {
    startSweep(this, () => this.#secrets);
    deploys(this, () => this.#secrets);
    for (const { provider } of this.#providers) {
      troubles(this, provider, () => this.#secrets.filter((secret) => secret.provider === provider));
    }
  }

  /** One more secret, which is stored so many milliseconds from now. When it is erased another takes its place. */
  #settle(pause: number): void {
    const number = this.#numbers++;
    const { provider, clientId } = this.#providers[number % this.#providers.length] ?? this.#providers[0] ?? {};
    const client = clientId === undefined ? undefined : this.database.clients.get(clientId);
    if (provider === undefined || client === undefined) throw new Error("A world needs at least one secret.");
    this.agenda.after(pause, () => {
      const current = this.database.clients.get(client.id) ?? client;
      const secret = new SimulatedSecret(number, provider, current, (each) => new Host(each, this));
      this.#secrets.push(secret);
      void this.#live(secret);
    });
  }

  async #live(secret: SimulatedSecret): Promise<void> {
    await connect(this, secret);
    secret.isSettled = true;
    // In a long run fewer callers come, so that it is not one of reads alone.
    const isLong = this.#options.days > 7;
    startTraffic(
      this,
      secret,
      isLong ? { meanPauseMs: HOUR, crowds: 0.01 } : { meanPauseMs: 20 * MINUTE, crowds: 0.08 },
    );
    livesWith(this, secret);
    await secret.gone;
    this.#secrets.splice(this.#secrets.indexOf(secret), 1);
    this.#settle(this.random.between(MINUTE, DAY));
  }
}
