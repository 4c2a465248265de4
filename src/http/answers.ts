/** How routes describe their answers in the OpenAPI document. */

import type { z } from "@hono/zod-openapi";
import type { ErrorCode } from "../errors.ts";
import { errorsSchema, statusOf } from "../jsonapi/errors.ts";

/** Describes an answer with a document. */
export function json<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { "application/json": { schema } } };
}

/** Codes that any route may answer with. */
const ALWAYS: ErrorCode[] = ["unauthenticated", "forbidden", "not_found", "internal"];
/** Codes of routes that take a document. */
export const OF_DOCUMENTS: ErrorCode[] = ["invalid_document", "unsupported_media_type", "payload_too_large"];
/** Codes of routes that need a token from a provider. */
export const OF_PROVIDERS: ErrorCode[] = [
  "reauthorization_required",
  "client_misconfigured",
  "provider_refused",
  "provider_unreachable",
  "storage_integrity",
];

/** Describes the failures of a route, by status. */
export function failures(...codes: ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...ALWAYS, ...codes]) {
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  }
  const described = [...byStatus].map(([status, each]) => [status, json(`\`${each.join("`, `")}\``, errorsSchema)]);
  return Object.fromEntries(described) as Record<number, ReturnType<typeof json<typeof errorsSchema>>>;
}
