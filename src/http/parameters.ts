/** Parts of requests that many routes share. */

import { z } from "@hono/zod-openapi";
import { type ContractId, OWN_ID, type TenantId, type WorkspaceId } from "../domain/ids.ts";
import { nothingThere } from "../domain/permissions.ts";
import type { Place } from "../domain/place.ts";
import { type Problem, ServiceError } from "../errors.ts";
import { platformIdSchema } from "../jsonapi/document.ts";
import { problemsOf } from "../jsonapi/problems.ts";
import type { Context, Handler } from "./context.ts";

/** An id that this service made, in a path. */
export const ownId = <Id extends string>() =>
  z
    .string()
    .regex(OWN_ID)
    .openapi({ description: "As it stands in the resource.", format: "uuid" })
    .transform((text) => text as Id);

/** An id that the platform made, in a path or query. */
export const platformId = <Id extends string>() => platformIdSchema.transform((text) => text as Id);

/** A workspace's id, in a path. */
export const workspaceId = platformId<WorkspaceId>().openapi({ description: "The workspace's id." });

/** A part of a name, in the query of a list. */
export const partOfName = z
  .string()
  .min(1)
  .max(255)
  .optional()
  .openapi({ description: "Those with this in their name; small and capital letters of ASCII are the same." });

/** A number in a query, with its bounds. */
export const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: "must be a whole number" })
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum))
    .openapi({ type: "integer", minimum, maximum });

const placeQuery = {
  workspace_id: platformId<WorkspaceId>().optional().openapi({ description: "Which workspace." }),
  contract_id: platformId<ContractId>()
    .optional()
    .openapi({ description: "Which contract. Not beside `workspace_id`." }),
  tenant_id: platformId<TenantId>()
    .optional()
    .openapi({ description: "Which tenant. Not beside `workspace_id` or `contract_id`." }),
};

const NAMES_A_PLACE = /^(filter\[)?(workspace|contract|tenant)_id\b/;

/** A query that may name one place, and what else it may hold. */
export function queryWithPlace<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object({ ...placeQuery, ...shape }).superRefine((query, context) => {
    const [, ...others] = Object.keys(query).filter((name) => NAMES_A_PLACE.test(name));
    for (const name of others) {
      context.addIssue({ code: "custom", path: [name], message: "cannot stand beside another place" });
    }
  });
}

/** Reads which place a query names. */
export function placeNamed(query: {
  workspace_id?: WorkspaceId | undefined;
  contract_id?: ContractId | undefined;
  tenant_id?: TenantId | undefined;
}): Place | undefined {
  if (query.workspace_id !== undefined) return { level: "workspace", id: query.workspace_id };
  if (query.contract_id !== undefined) return { level: "contract", id: query.contract_id };
  if (query.tenant_id !== undefined) return { level: "tenant", id: query.tenant_id };
  return undefined;
}

/** A required JSON body; both of the media types that API documents name are taken. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { content: { "application/json": { schema } }, required: true } as const;
}

/**
 * Refuses what schemas and `alsoRefuse` found, all at once. A path that cannot lead anywhere does not exist.
 * @throws {ServiceError} `invalid_document`, `not_found`
 */
export function refuseInvalid(result: Checked, c: Context): undefined {
  const found = result.success ? strayParameters(result, c) : problemsOf(result.error);
  if (result.target === "param" && found.length > 0) throw nothingThere();
  const problems =
    result.target === "json"
      ? [...found, ...(c.get("problems") ?? [])]
      : found.map(({ detail, pointer }) => ({ detail, parameter: pointer?.slice(1) ?? "" }));
  if (problems.length > 0) throw new ServiceError("invalid_document", problems);
}

/** Finds filters and pages that a list does not know. Passed over, they would make it look like an answer to what was asked. */
function strayParameters({ target, data }: Checked & { success: true }, c: Context): Problem[] {
  if (target !== "query" || typeof data !== "object" || data === null) return [];
  return Object.keys(c.req.query())
    .filter((name) => /^(filter|page)\[/.test(name) && !(name in data))
    .map((name) => ({ detail: `"${name.slice(0, 100)}" is not known here.`, pointer: `/${name}` }));
}

/**
 * Looks in a body for what no schema alone can know, so that it is told together with what the schema finds. It runs before the
 * schemas do, so whatever it looks up, it has to ask first whether the caller may.
 */
export function alsoRefuse(check: (sent: unknown, c: Context) => Problem[] | Promise<Problem[]>): Handler {
  return async (c, next) => {
    const sent: unknown = await c.req.json().catch(() => null);
    c.set("problems", await check(sent, c));
    await next();
  };
}

/** Reads an id of a path before the validators do. @throws {ServiceError} `not_found` */
export function idInPath<S extends z.ZodType>(c: Context, name: string, schema: S): z.infer<S> {
  const result = schema.safeParse(c.req.param(name));
  if (!result.success) throw nothingThere();
  return result.data;
}

/** Reads a query where no validator does. @throws {ServiceError} `invalid_document` */
export function queryIn<S extends z.ZodType>(c: Context, schema: S): z.infer<S> {
  // What is there twice is no text, and no number either.
  const sent = Object.entries(c.req.queries()).map(([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ]);
  const result = schema.safeParse(Object.fromEntries(sent));
  refuseInvalid({ target: "query", ...result }, c);
  return result.data as z.infer<S>;
}

/** What the validator of one part of a request hands over. */
type Checked = { target: string } & ({ success: true; data: unknown } | { success: false; error: z.ZodError });
