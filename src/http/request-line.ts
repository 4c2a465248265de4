/** The id of a request, and its one line in the log. */

import { routePath } from "hono/route";
import { log } from "../telemetry.ts";
import type { Handler } from "./context.ts";

const MAX_REQUEST_ID_LENGTH = 200;

/** Takes the caller's `x-request-id`, or makes one up, and gives it back with the answer. */
export const requestId: Handler = async (c, next) => {
  const given = c.req
    .header("x-request-id")
    ?.replace(/[^\x21-\x7e]/g, "")
    .slice(0, MAX_REQUEST_ID_LENGTH);
  const id = given === undefined || given === "" ? crypto.randomUUID() : given;
  c.set("requestId", id);
  c.header("x-request-id", id);
  await next();
};

/** Writes one line when the answer is ready. The route stands in it as a pattern, so that no id or code of a URL does. */
export const requestLog: Handler = async (c, next) => {
  const startedAt = Date.now();
  await next();
  const failure = c.get("failure")?.failure;
  log({
    kind: "request",
    request_id: c.get("requestId"),
    method: c.req.method,
    route: routePath(c, -1),
    status: c.res.status,
    duration_ms: Date.now() - startedAt,
    principal: c.get("principal")?.id ?? null,
    ...(failure !== undefined && { code: failure.code }),
    ...(failure?.internal !== undefined && { internal: failure.internal }),
  });
};
