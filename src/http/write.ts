/** Writes answers. */

import type { TypedResponse } from "hono";
import { ServiceError } from "../errors.ts";
import { errorDocument } from "../jsonapi/errors.ts";
import type { Context } from "./context.ts";

const JSON_ANSWER = { "Content-Type": "application/json" };

/** An answer whose document was typed where it was made. */
// oxlint-disable-next-line no-explicit-any
export type Written = Response & TypedResponse<any, any, any>;

/** Writes a document as JSON. */
export function writeDocument(status: 200 | 201 | 202, body: unknown, headers?: Record<string, string>): Written {
  const all = headers === undefined ? JSON_ANSWER : { ...JSON_ANSWER, ...headers };
  return new Response(JSON.stringify(body), { status, headers: all }) as Written;
}

/** Writes a failure, and leaves it where the log finds it. */
export function writeError(c: Context, error: ServiceError): Response {
  c.set("failure", error);
  const { status, headers, document } = errorDocument(error.failure);
  return new Response(JSON.stringify(document), {
    status,
    headers: { ...JSON_ANSWER, "Cache-Control": "no-store", ...headers },
  });
}
