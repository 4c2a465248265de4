/** What every request begins and ends with: its id, and its one line in the log. */

import { routePath } from "hono/route";
import { log } from "../telemetry.ts";
import type { Context, Handler } from "./context.ts";
import { ReadCount } from "./read-count.ts";
import { RefusalCount } from "./refusal-count.ts";

const MAX_REQUEST_ID_LENGTH = 200;
const REQUEST_ID = /^[\x21-\x7e]{1,200}$/;

/** A read that takes longer has a line of its own. */
const SLOW_MS = 1000;

const reads = new ReadCount();
const refusals = new RefusalCount();

/**
 * Takes the caller's `x-request-id`, or makes one up, and gives it back with the answer. Writes one line when that is ready; reads of a secret
 * that went well are counted instead, and so are requests that were too many. The route stands in it as a pattern, so that no id or code of a URL does.
 */
export const requestLine: Handler = async (c, next) => {
  const startedAt = begin(c);
  await next();
  end(c, c.res, startedAt);
};

/** The same around one handler that has no others beside it. `answered` must not throw. */
export async function inRequestLine(c: Context, answered: () => Promise<Response>): Promise<Response> {
  const startedAt = begin(c);
  const answer = await answered();
  end(c, answer, startedAt);
  return answer;
}

function begin(c: Context): number {
  c.set("requestId", requestIdOf(c.req.header("x-request-id")));
  return Date.now();
}

function end(c: Context, answer: Response, startedAt: number): void {
  const id = c.get("requestId");
  const source = c.get("source");
  if (source === undefined) answer.headers.set("x-request-id", id);
  const now = Date.now();
  if (source !== undefined && now - startedAt < SLOW_MS) return reads.add(source, id, now);
  const failure = c.get("failure")?.failure;
  const principal = c.get("principal")?.id ?? null;
  if (failure?.code === "rate_limited") return refusals.add(principal, id, now);
  log({
    kind: "request",
    request_id: id,
    method: c.req.method,
    route: routePath(c, -1),
    status: answer.status,
    duration_ms: now - startedAt,
    principal,
    code: failure?.code,
    internal: failure?.internal,
  });
}

function requestIdOf(given: string | undefined): string {
  if (given === undefined) return crypto.randomUUID();
  if (REQUEST_ID.test(given)) return given;
  const visible = given.replace(/[^\x21-\x7e]/g, "").slice(0, MAX_REQUEST_ID_LENGTH);
  return visible === "" ? crypto.randomUUID() : visible;
}
