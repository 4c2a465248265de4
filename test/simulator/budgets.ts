/**
 * The budgets of token hosts and auth clients, by the real rules of `domain/provider-budget`, as the budget's object and the way to it keep
 * them: a line of those who wait, a phase that outlives the process, and an actor that goes without when no answer comes.
 */

import type { BudgetDoor } from "../../src/budget/stub.ts";
import {
  type Admission,
  admit,
  afterAttempt,
  type Budget,
  CLOSED,
  comeAgain,
  LINE_PATIENCE_MS,
  newBudget,
  type Outcome,
  type Ticket,
} from "../../src/domain/provider-budget.ts";
import { callOff } from "./agenda.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const TIMEOUT_MS = LINE_PATIENCE_MS + 1000;

/** Somebody in line. */
interface Waiting {
  ticket: Ticket;
  tell: (admission: Admission) => void;
}

export class Budgets {
  readonly #objects = new Map<string, BudgetObject>();

  /** The way from one secret to its budget. Never rejects: whatever goes wrong on it means to go without. */
  door(world: World, secret: SimulatedSecret): BudgetDoor {
    const ask = async <T>(without: T, call: () => Promise<T>): Promise<T> => {
      const { agenda } = world;
      if (world.strikes("budget failing", secret)) return without;
      if (world.strikes("budget silent", secret)) {
        await agenda.pause(TIMEOUT_MS);
        return without;
      }
      return await call();
    };
    return {
      enter: (ticket) => ask<Admission>({ kind: "go" }, () => this.#of(world, ticket).enter(ticket)),
      leave: (ticket, outcome) => ask(undefined, async () => this.#of(world, ticket).leave(ticket, outcome)),
    };
  }

  /** Every object starts anew: who stood in line goes without, and of the budget only the breaker's phase is left. */
  restart(): void {
    for (const object of this.#objects.values()) object.restart();
  }

  #of(world: World, { host, client }: Ticket): BudgetObject {
    const name = `${host}/${client}`;
    const object = this.#objects.get(name) ?? new BudgetObject(world);
    this.#objects.set(name, object);
    return object;
  }
}

class BudgetObject {
  #budget: Budget = newBudget(CLOSED);
  readonly #line = new Set<Waiting>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  enter(ticket: Ticket): Promise<Admission> {
    const { agenda, random } = this.#world;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        ticket,
        tell: (admission) => {
          callOff(patience);
          this.#line.delete(waiting);
          resolve(admission);
        },
      };
      const patience = agenda.after(LINE_PATIENCE_MS, () => waiting.tell(comeAgain(agenda.now, random.next())));
      this.#line.add(waiting);
      this.#serve();
    });
  }

  leave(ticket: Ticket, outcome: Outcome): void {
    const before = this.#budget;
    this.#budget = afterAttempt(before, ticket, outcome, this.#world.agenda.now);
    const opens = before.phase.kind === "closed" && this.#budget.phase.kind === "open";
    if (opens) this.#world.count("times that a breaker opened");
    this.#serve();
  }

  restart(): void {
    this.#budget = newBudget(this.#budget.phase);
    for (const { tell } of this.#line) tell({ kind: "go" });
  }

  #serve(): void {
    const { agenda, random } = this.#world;
    for (const { ticket, tell } of this.#line) {
      const { budget, verdict } = admit(this.#budget, ticket, agenda.now, random.next());
      this.#budget = budget;
      if (verdict.kind === "wait") return;
      tell(verdict);
    }
  }
}
