/**
 * The reuse window that many providers keep for lost answers: a refresh that is asked for once more, in the same words, gets the
 * answer of the first time, and nothing is rotated twice. It holds whole answers, and no longer than the window; what becomes of a
 * spent refresh token outside it is oidc-provider's to say.
 */

import type { Context } from "oidc-provider";

export class ReuseWindow {
  readonly #answers = new Map<string, unknown>();

  /** Answers a refresh as it was answered before; false when it was not, or the window is over. */
  answerAgain(ctx: Context, request: URLSearchParams): boolean {
    const answer = this.#answers.get(keyOf(ctx, request));
    if (answer === undefined) return false;
    ctx.status = 200;
    ctx.set("cache-control", "no-store");
    ctx.body = answer;
    return true;
  }

  /** Keeps the answer to a refresh that succeeded for this many seconds. */
  keep(ctx: Context, request: URLSearchParams, seconds: number): void {
    if (seconds === 0 || ctx.status !== 200 || request.get("grant_type") !== "refresh_token") return;
    const key = keyOf(ctx, request);
    this.#answers.set(key, ctx.body);
    setTimeout(() => this.#answers.delete(key), seconds * 1000).unref();
  }
}

/** Whoever says the same may hear the same: client and credentials are part of it. */
function keyOf(ctx: Context, request: URLSearchParams): string {
  return `${ctx.get("authorization")} ${request.toString()}`;
}
