/** What the parts of a world share: time, chance, faults, D1, and who watches. */

import type { HeldBack } from "../../src/domain/provider-budget.ts";
import type { Ports } from "../../src/secret-actor/ports.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import type { Agenda } from "./agenda.ts";
import type { Budgets } from "./budgets.ts";
import type { Call, Outcome } from "./call.ts";
import type { Database } from "./database.ts";
import type { Faults, Striking } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Exchange, SimulatedSecret } from "./secret.ts";

/** The promises of the engine. */
export type Promised = "A" | "B" | "C" | "D" | "E" | "F";

/** Sees what happens, as it happens. Each promise has one. */
export interface Watcher {
  /** A record is about to be stored in place of another; null: it is erased. */
  saving?(secret: SimulatedSecret, before: ActorRecord | null, after: ActorRecord | null): void;
  /** A renewal asks for its turn at the provider, and may be told to come later. */
  entering?(secret: SimulatedSecret): void;
  heldBack?(secret: SimulatedSecret, told: HeldBack): void;
  sending?(secret: SimulatedSecret, exchange: Exchange): void;
  heard?(secret: SimulatedSecret, exchange: Exchange): void;
  asked?(secret: SimulatedSecret, call: Call): void;
  answered?(secret: SimulatedSecret, call: Call, outcome: Outcome): void;
  /** Many callers came at once and were answered, and caused these requests. */
  crowdServed?(secret: SimulatedSecret, callers: number, caused: readonly Exchange[]): void;
  /** Everything that followed from one event has happened. */
  settled?(secret: SimulatedSecret): void;
  /** Some minutes have passed. */
  swept?(secret: SimulatedSecret): void;
  /** Nothing has gone wrong for hours, and the world ends. */
  ended?(secret: SimulatedSecret): void;
}

/** Puts a fault of the engine between it and one of its ports. */
export type Mutation = (ports: Ports, secret: SimulatedSecret, world: World) => Ports;

export interface World {
  readonly agenda: Agenda;
  readonly random: Random;
  readonly faults: Faults;
  readonly database: Database;
  readonly budgets: Budgets;
  readonly watchers: Required<Watcher>;
  readonly mutation: Mutation | null;
  /** Decides whether a fault strikes a secret, and remembers that it did. */
  strikes(kind: Striking, secret: SimulatedSecret): boolean;
  /** Says what concerns a secret in the step that is under way. */
  touch(secret: SimulatedSecret): void;
  /** A renewal is planned: after how many await points its process dies; null: by chance only. */
  crashesAt(): number | null;
  /** The platform lets another process serve an actor beside the one that does. */
  splits(): boolean;
  /** A promise is broken: the world ends with this step. */
  breaks(promise: Promised, secret: SimulatedSecret, how: string): void;
  count(what: string): void;
}
