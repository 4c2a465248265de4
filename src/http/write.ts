/** Writes answers. */

import type { TypedResponse } from "hono";
import { ServiceError } from "../errors.ts";
import { errorDocument } from "../jsonapi/errors.ts";
import type { Context } from "./context.ts";

/** An answer whose document was typed where it was made. */
// oxlint-disable-next-line no-explicit-any
export type Written = Response & TypedResponse<any, any, any>;

/** Writes a document as JSON. */
export function writeDocument(
  c: Context,
  status: 200 | 201 | 202,
  body: unknown,
  headers: Record<string, string> = {},
): Written {
  return c.body(JSON.stringify(body), status, { "Content-Type": "application/json", ...headers });
}

/** Writes a failure, and leaves it where the log finds it. */
export function writeError(c: Context, error: ServiceError): Response {
  c.set("failure", error);
  const { status, headers, document } = errorDocument(error.failure);
  const answer = c.body(JSON.stringify(document), 200, {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    ...headers,
  });
  return new Response(answer.body, { status, headers: answer.headers });
}
