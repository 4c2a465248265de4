/**
 * A budget with the line of those who wait for a place in it. The rules are in `domain/provider-budget`; the clock, the timers and the
 * place where the breaker's phase is kept come from outside, so that a simulator can bring its own.
 */

import {
  type Admission,
  admit,
  afterAttempt,
  type Budget,
  comeAgain,
  LINE_PATIENCE_MS,
  newBudget,
  type Outcome,
  type Phase,
  type Ticket,
} from "../domain/provider-budget.ts";

/** What a line needs from the world around it. */
export interface LinePorts {
  now: () => number;
  /** In [0, 1). */
  random: () => number;
  /** Calls back later; gives what calls it off. */
  after: (ms: number, call: () => void) => () => void;
  /** Keeps the breaker's phase, which outlives the process. Called when it changes. */
  keepPhase: (phase: Phase) => void;
}

/** Somebody in line. */
interface Waiting {
  ticket: Ticket;
  /** Answers, and takes them out of the line. */
  tell: (admission: Admission) => void;
}

/** Who comes to a longer line is told at once to come again: a slow provider would not get to them in time. */
const LONGEST_LINE = 500;

export class BudgetLine {
  readonly #ports: LinePorts;
  /** In the order in which they came. */
  readonly #line = new Set<Waiting>();
  #budget: Budget;

  constructor(phase: Phase, ports: LinePorts) {
    this.#ports = ports;
    this.#budget = newBudget(phase);
  }

  /** Asks for a place. Who gets none stands in line for at most `LINE_PATIENCE_MS`. */
  enter(ticket: Ticket): Promise<Admission> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        ticket,
        tell: (admission) => {
          callOff();
          this.#line.delete(waiting);
          resolve(admission);
        },
      };
      const callOff = this.#ports.after(LINE_PATIENCE_MS, () => this.#sendAway(waiting));
      this.#line.add(waiting);
      this.#serve();
      if (this.#line.size > LONGEST_LINE) this.#sendAway(waiting);
    });
  }

  /** Gives a place back, and tells what came of the request. */
  leave(ticket: Ticket, outcome: Outcome): void {
    this.#become(afterAttempt(this.#budget, ticket, outcome, this.#ports.now()));
    this.#serve();
  }

  /** Answers those in line, first come first served, until somebody has to go on waiting. */
  #serve(): void {
    for (const { ticket, tell } of this.#line) {
      const { budget, verdict } = admit(this.#budget, ticket, this.#ports.now(), this.#ports.random());
      this.#become(budget);
      if (verdict.kind === "wait") return;
      tell(verdict);
    }
  }

  #sendAway(waiting: Waiting): void {
    const { budget, verdict } = comeAgain(this.#budget, this.#ports.now(), this.#ports.random());
    this.#become(budget);
    waiting.tell(verdict);
  }

  #become(budget: Budget): void {
    const { phase } = this.#budget;
    this.#budget = budget;
    if (budget.phase !== phase) this.#ports.keepPhase(budget.phase);
  }
}
