/** Parts of requests that many routes share. */

import { z } from "@hono/zod-openapi";
import { type Settings, settingsOf } from "../bindings.ts";
import { OWN_ID, PLATFORM_ID, type WorkspaceId } from "../domain/ids.ts";
import { type Problem, ServiceError } from "../errors.ts";
import { problemsOf } from "../jsonapi/document.ts";
import type { Context, Handler } from "./context.ts";

/** An id that this service made, in a path. */
export const ownId = <Id extends string>() =>
  z
    .string()
    .regex(OWN_ID)
    .transform((text) => text as Id);

/** A workspace's id, in a path or query. */
export const workspaceId = z
  .string()
  .regex(PLATFORM_ID)
  .transform((text) => text as WorkspaceId);

/** A required JSON body; both of the media types that API documents name are taken. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { content: { "application/json": { schema } }, required: true } as const;
}

/**
 * Refuses what schemas and `alsoRefuse` found, all at once. A path that cannot lead anywhere does not exist.
 * @throws {ServiceError} `invalid_document`, `not_found`
 */
export function refuseInvalid(result: Checked, c: Context): undefined {
  const found = result.success ? [] : problemsOf(result.error);
  if (result.target === "param" && found.length > 0) throw new ServiceError("not_found", "There is no such resource.");
  const problems =
    result.target === "json"
      ? [...found, ...(c.get("problems") ?? [])]
      : found.map(({ detail, pointer }) => ({ detail, parameter: pointer?.slice(1) ?? "" }));
  if (problems.length > 0) throw new ServiceError("invalid_document", problems);
}

/** Looks in a body for what depends on how this service is set up, so that it is told together with what the schema finds. */
export function alsoRefuse(check: (document: unknown, settings: Settings) => Problem[]): Handler {
  return async (c, next) => {
    const document: unknown = await c.req.json().catch(() => null);
    c.set("problems", check(document, settingsOf(c.env)));
    await next();
  };
}

/** What the validator of one part of a request hands over. */
type Checked = { target: string } & ({ success: true } | { success: false; error: z.ZodError });
