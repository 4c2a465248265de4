/**
 * The budgets of token hosts and auth clients: the real line behind a simulated way to it. Its phase outlives the process, and an actor that
 * hears no answer goes without.
 */

import { BudgetLine } from "../../src/budget/line.ts";
import type { BudgetDoor } from "../../src/budget/stub.ts";
import { type Admission, CLOSED, LINE_PATIENCE_MS, type Phase, type Ticket } from "../../src/domain/provider-budget.ts";
import { callOff } from "./agenda.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const TIMEOUT_MS = LINE_PATIENCE_MS + 1000;

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
      leave: (ticket, outcome) => ask(undefined, async () => this.#of(world, ticket).line.leave(ticket, outcome)),
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
  line: BudgetLine;
  #phase: Phase = CLOSED;
  /** Lets those go on without whose answer dies with the process. */
  readonly #abandon = new Set<() => void>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.line = this.#start();
  }

  async enter(ticket: Ticket): Promise<Admission> {
    let abandon = () => {};
    const abandoned = new Promise<Admission>((resolve) => (abandon = () => resolve({ kind: "go" })));
    this.#abandon.add(abandon);
    const admission = await Promise.race([this.line.enter(ticket), abandoned]);
    this.#abandon.delete(abandon);
    return admission;
  }

  restart(): void {
    for (const abandon of this.#abandon) abandon();
    this.line = this.#start();
  }

  #start(): BudgetLine {
    const { agenda, random } = this.#world;
    return new BudgetLine(this.#phase, {
      now: () => agenda.now,
      random: () => random.next(),
      after: (ms, call) => {
        const event = agenda.after(ms, call);
        return () => callOff(event);
      },
      keepPhase: (phase) => {
        if (this.#phase.kind === "closed" && phase.kind === "open") this.#world.count("times that a breaker opened");
        this.#phase = phase;
      },
    });
  }
}
