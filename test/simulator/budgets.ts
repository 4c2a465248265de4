/**
 * The budgets of token hosts and auth clients: the real lines, each in an object that restarts with every deployment, and the way to them,
 * on which things go wrong. An actor that gets no answer goes without.
 */

import { BudgetLine } from "../../src/budget/line.ts";
import type { BudgetDoor } from "../../src/budget/stub.ts";
import { type Admission, CLOSED, LINE_PATIENCE_MS, type Phase, type Ticket } from "../../src/domain/provider-budget.ts";
import { callOff } from "./agenda.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const TIMEOUT_MS = LINE_PATIENCE_MS + 1000;
const GO: Admission = { kind: "go" };

export class Budgets {
  readonly #objects = new Map<string, BudgetObject>();

  /** The way from one secret to its budget. Never rejects. */
  door(world: World, secret: SimulatedSecret): BudgetDoor {
    const ask = async <T>(without: T, call: () => Promise<T>): Promise<T> => {
      if (world.strikes("budget failing", secret)) return without;
      if (!world.strikes("budget silent", secret)) return await call();
      await world.agenda.pause(TIMEOUT_MS);
      return without;
    };
    return {
      enter: (ticket) => ask(GO, () => this.#of(world, ticket).enter(ticket)),
      leave: (ticket, outcome) => ask(undefined, async () => this.#of(world, ticket).line.leave(ticket, outcome)),
    };
  }

  /** Every object starts anew: who stood in line goes without, and of a budget only the breaker's phase is left. */
  restart(): void {
    for (const object of this.#objects.values()) object.restart();
  }

  #of(world: World, { host, client }: Ticket): BudgetObject {
    const name = `${host}/${client}`;
    let object = this.#objects.get(name);
    if (object === undefined) {
      object = new BudgetObject(world);
      this.#objects.set(name, object);
    }
    return object;
  }
}

class BudgetObject {
  line: BudgetLine;
  #phase: Phase = CLOSED;
  readonly #waiting = new Set<() => void>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.line = this.#newLine();
  }

  async enter(ticket: Ticket): Promise<Admission> {
    let goWithout: (() => void) | undefined;
    const lost = new Promise<Admission>((resolve) => (goWithout = () => resolve(GO)));
    if (goWithout === undefined) return GO;
    this.#waiting.add(goWithout);
    const admission = await Promise.race([this.line.enter(ticket), lost]);
    this.#waiting.delete(goWithout);
    return admission;
  }

  restart(): void {
    this.line = this.#newLine();
    for (const goWithout of this.#waiting) goWithout();
  }

  #newLine(): BudgetLine {
    const { agenda, random } = this.#world;
    const line = new BudgetLine(this.#phase, {
      now: () => agenda.now,
      random: () => random.next(),
      after: (pause, call) => {
        const appointment = agenda.after(pause, call);
        return () => callOff(appointment);
      },
      keepPhase: (phase) => {
        if (line !== this.line) return;
        if (this.#phase.kind === "closed" && phase.kind === "open") this.#world.count("times that a breaker opened");
        this.#phase = phase;
      },
    });
    return line;
  }
}
