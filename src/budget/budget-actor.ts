/**
 * One Durable Object for each auth client and token host: the place where all its secrets' actors ask before they send. It is asked for no
 * read, and its failure stops no refresh.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../bindings.ts";
import { type Admission, CLOSED, type Outcome, type Phase, type Ticket } from "../domain/provider-budget.ts";
import { BudgetLine } from "./line.ts";

const KEY = "phase";

export class BudgetActor extends DurableObject<Env> {
  readonly #line: BudgetLine;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const { kv } = ctx.storage;
    this.#line = new BudgetLine(kv.get<Phase>(KEY) ?? CLOSED, {
      now: () => Date.now(),
      random: () => Math.random(),
      after: (ms, call) => {
        const timer = setTimeout(call, ms);
        return () => clearTimeout(timer);
      },
      keepPhase: (phase) => {
        if (phase.kind === "closed") kv.delete(KEY);
        else kv.put(KEY, phase);
      },
    });
  }

  /** Asks for a place, and waits for it in line if need be. */
  enter(ticket: Ticket): Promise<Admission> {
    return this.#line.enter(ticket);
  }

  /** Gives the place back, and tells what came of the request. */
  leave(ticket: Ticket, outcome: Outcome): void {
    this.#line.leave(ticket, outcome);
  }
}
