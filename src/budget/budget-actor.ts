/**
 * One Durable Object for each auth client and token host: the place where all its secrets' actors ask before they send. The rules are in
 * `domain/provider-budget`; here are the line of those who wait, and the breaker's phase, which outlives the process. It is asked for no
 * read, and its failure stops no refresh.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../bindings.ts";
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
  type Phase,
  type Ticket,
} from "../domain/provider-budget.ts";

/** Somebody in line. */
interface Waiting {
  ticket: Ticket;
  /** Answers, and takes them out of the line. */
  tell: (admission: Admission) => void;
}

const KEY = "phase";
/** Who comes to a longer line is told at once to come again: a slow provider would not get to them in time. */
const LONGEST_LINE = 500;

export class BudgetActor extends DurableObject<Env> {
  #budget: Budget;
  /** In the order in which they came. */
  readonly #line = new Set<Waiting>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#budget = newBudget(ctx.storage.kv.get<Phase>(KEY) ?? CLOSED);
  }

  /** Asks for a place. Who gets none stands in line for at most `LINE_PATIENCE_MS`. */
  enter(ticket: Ticket): Promise<Admission> {
    return new Promise((resolve) => {
      const patience = setTimeout(() => waiting.tell(comeAgain(Date.now(), Math.random())), LINE_PATIENCE_MS);
      const waiting: Waiting = {
        ticket,
        tell: (admission) => {
          clearTimeout(patience);
          this.#line.delete(waiting);
          resolve(admission);
        },
      };
      this.#line.add(waiting);
      this.#serve();
      if (this.#line.size > LONGEST_LINE) waiting.tell(comeAgain(Date.now(), Math.random()));
    });
  }

  /** Gives a place back, and tells what came of the request. */
  leave(ticket: Ticket, outcome: Outcome): void {
    this.#keep(afterAttempt(this.#budget, ticket, outcome, Date.now()));
    this.#serve();
  }

  /** Answers those in line, first come first served, until somebody has to go on waiting. */
  #serve(): void {
    for (const { ticket, tell } of this.#line) {
      const { budget, verdict } = admit(this.#budget, ticket, Date.now(), Math.random());
      this.#keep(budget);
      if (verdict.kind === "wait") return;
      tell(verdict);
    }
  }

  #keep(budget: Budget): void {
    const { kv } = this.ctx.storage;
    if (budget.phase.kind === "closed" && this.#budget.phase.kind !== "closed") kv.delete(KEY);
    else if (budget.phase !== this.#budget.phase) kv.put(KEY, budget.phase);
    this.#budget = budget;
  }
}
