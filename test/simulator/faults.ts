/**
 * What goes wrong. Each world draws which kinds of faults there are in it and how often each strikes, so that worlds differ: some are
 * calm, some know a single fault, some know all.
 */

import type { Random } from "./random.ts";

const DAY = 24 * 3_600_000;

/** Every kind of fault, and how often it strikes in a usual world: of so many opportunities, one. */
const ONE_IN = {
  // Requests to the provider.
  "request refused": 60,
  "request lost": 150,
  "answer delayed": 60,
  "answer reset": 80,
  "answer lost": 150,
  "answer cut short": 150,
  "odd lifetime": 60,
  // Alarms.
  "alarm late": 15,
  "alarm twice": 40,
  // The process.
  "crash in a refresh": 40,
  "crash elsewhere": 300,
  // Storage: once, or for some seconds.
  "write failed": 150,
  "writes failing for a while": 600,
  "seal does not open": 2000,
  // D1.
  "database slow": 60,
  "database failing": 60,
  "database silent": 100,
  // The budget of its provider.
  "budget failing": 200,
  "budget silent": 400,
  // The clock.
  "clock step": 100,
  "clock jump": 4000,
} as const;

/** What happens now and then whatever is done, and after how many days in a usual world: to one secret, one provider, or all. */
const EVERY_DAYS = {
  deploy: 1,
  "provider in trouble": 1,
  "consent revoked": 20,
  "new credentials": 8,
  "consent renewed": 8,
  erased: 20,
} as const;

export type Striking = keyof typeof ONE_IN;
export type Recurring = keyof typeof EVERY_DAYS;
export type FaultKind = Striking | Recurring;

/** Every kind of fault. */
export const FAULT_KINDS = [...Object.keys(ONE_IN), ...Object.keys(EVERY_DAYS)] as readonly FaultKind[];

/** How much goes wrong: nothing · what the seed says · everything, often. */
export type Mood = "calm" | "usual" | "stormy";

export class Faults {
  readonly counts = new Map<FaultKind, number>();
  readonly #chances = new Map<Striking, number>();
  readonly #pauses = new Map<Recurring, number>();
  readonly #random: Random;
  #isOver = false;

  constructor(random: Random, mood: Mood) {
    this.#random = random;
    const strength = () => random.magnitude(0.2, 5) * (mood === "stormy" ? 5 : 1);
    const isKnown = () => random.chance(mood === "stormy" ? 1 : mood === "calm" ? 0 : 0.6);
    for (const [kind, oneIn] of Object.entries(ONE_IN) as [Striking, number][]) {
      if (isKnown()) this.#chances.set(kind, Math.min(0.5, strength() / oneIn));
    }
    for (const [kind, days] of Object.entries(EVERY_DAYS) as [Recurring, number][]) {
      if (isKnown()) this.#pauses.set(kind, (days * DAY) / strength());
    }
  }

  /** Decides whether a fault strikes at this opportunity, and counts it. */
  strikes(kind: Striking): boolean {
    if (this.#isOver || !this.#random.chance(this.#chances.get(kind) ?? 0)) return false;
    this.count(kind);
    return true;
  }

  /** How many milliseconds pass on average until something of this kind happens again; null: it never does. */
  meanPause(kind: Recurring): number | null {
    return this.#pauses.get(kind) ?? null;
  }

  count(kind: FaultKind): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#isOver = true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }
}
