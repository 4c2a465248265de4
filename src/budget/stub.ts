/** The way to the budget of an auth client and token host. Whatever goes wrong on it means: go without. */

import type { Env } from "../bindings.ts";
import { type Admission, LINE_PATIENCE_MS, type Outcome, type Ticket } from "../domain/provider-budget.ts";
import { log } from "../telemetry.ts";
import { inTime } from "../time-limit.ts";

/** What may be asked of a budget. Never rejects. */
export interface BudgetDoor {
  /** Asks for a place, and waits for it in line if need be. */
  enter(ticket: Ticket): Promise<Admission>;
  /** Gives the place back, and tells what came of the request. */
  leave(ticket: Ticket, outcome: Outcome): Promise<void>;
}

/** The longest that an answer may take: that of the line, and a second for everything else. */
const TIMEOUT_MS = LINE_PATIENCE_MS + 1000;

/** Leads to the budgets, each an object named after its token host and auth client. */
export function budgetDoor(env: Env): BudgetDoor {
  const ask = async <T>(ticket: Ticket, without: T, call: (object: BudgetDoor) => Promise<T>): Promise<T> => {
    try {
      const id = env.BUDGETS.idFromName(`${ticket.host}/${ticket.client}`);
      return await inTime(call(env.BUDGETS.get(id) as unknown as BudgetDoor), TIMEOUT_MS, "The budget");
    } catch (error) {
      log({ kind: "alert", what: "budget_unreachable", secret_id: ticket.secret, internal: String(error) });
      return without;
    }
  };
  return {
    enter: (ticket) => ask<Admission>(ticket, { kind: "go" }, (object) => object.enter(ticket)),
    leave: (ticket, outcome) => ask(ticket, undefined, (object) => object.leave(ticket, outcome)),
  };
}
