/** A secret's turn at its provider. The budget is asked before anything is sent, and told afterwards, behind whatever goes on. */

import { type TokenRequest, tokenEndpoint } from "../domain/oauth2/request.ts";
import type { Heard } from "../domain/oauth2/response.ts";
import { type HeldBack, outcomeOf, type Ticket } from "../domain/provider-budget.ts";
import { isReuseLikely } from "../domain/after-attempt.ts";
import type { Secret } from "../domain/secret.ts";
import type { Ports } from "./ports.ts";

/** Asks for a turn, for the attempt of this id. */
export async function takeTurn(
  ports: Ports,
  attemptId: string,
  secret: Secret,
  request: TokenRequest,
): Promise<Turn | HeldBack> {
  // What is no URI is refused where it would be called.
  const host = URL.parse(tokenEndpoint(request) ?? "")?.host ?? "";
  const isUrgent = isReuseLikely(secret, ports.now());
  const ticket = { id: attemptId, secret: secret.id, client: secret.authClientId, host, isUrgent };
  const admission = await ports.budget.enter(ticket);
  return admission.kind === "go" ? new Turn(ports, ticket) : admission;
}

/** A turn that was given. */
export class Turn {
  readonly kind = "turn";
  readonly #ports: Ports;
  readonly #ticket: Ticket;
  #isOver = false;

  constructor(ports: Ports, ticket: Ticket) {
    this.#ports = ports;
    this.#ticket = ticket;
  }

  /** Ends the turn, the first time that it is called. `heard` null: nothing was sent, or nobody knows what came of it. */
  end(heard: Heard | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ports.keepAlive(this.#ports.budget.leave(this.#ticket, outcomeOf(heard)));
  }
}
