/** How routes describe their answers in the OpenAPI document. */

import { z } from "@hono/zod-openapi";
import type { ErrorCode } from "../errors.ts";
import { errorsSchema } from "../jsonapi/error-schema.ts";
import { statusOf } from "../jsonapi/errors.ts";

/** Describes an answer with a document. */
export function json<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { "application/json": { schema } } };
}

/** Describes an answer with a page for people. */
export function page(description: string) {
  return { description, content: { "text/html": { schema: z.string() } } };
}

/** A header as OpenAPI describes it. */
type Header = {
  description: string;
  required?: boolean;
  schema: { type: "string"; pattern?: string; format?: string; enum?: string[] };
};

const LOCATION: Header = {
  description: "Where to.",
  required: true,
  schema: { type: "string", format: "uri-reference" },
};

/** Describes an answer that sends a browser elsewhere. */
export function redirect(description: string) {
  return { description, headers: { Location: LOCATION } };
}

/** Describes the header that every answer has. */
export const REQUEST_ID: Header = {
  description: "The request's own `x-request-id`, or one that was made up. It stands in every log line.",
  required: true,
  schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,200}$" },
};

/** Describes the headers of a token's answers. */
export const OF_TOKENS: Record<"ETag" | "Server-Timing", Header> = {
  ETag: {
    description: "The version, for `If-None-Match`.",
    required: true,
    schema: { type: "string", pattern: '^"\\d+"$' },
  },
  "Server-Timing": {
    description: "Where the answer came from.",
    required: true,
    schema: { type: "string", enum: ["memory", "edge", "origin"] },
  },
};

/** The headers that failures of a status have. */
const OF_FAILURES: Record<number, Record<string, Header>> = {
  401: {
    "WWW-Authenticate": {
      description: "How to authenticate (RFC 9110 11.6.1).",
      required: true,
      schema: { type: "string" },
    },
  },
  429: {
    "Retry-After": {
      description: "In how many seconds to come again.",
      required: true,
      schema: { type: "string", pattern: "^\\d+$" },
    },
  },
  503: {
    "Retry-After": {
      description: "With `provider_unreachable`: in how many seconds it is worth trying again, where that is known.",
      schema: { type: "string", pattern: "^\\d+$" },
    },
  },
};

/** Codes that any route below /v2 may answer with. The keys of a JWT's issuer may be out of reach. */
const ALWAYS: ErrorCode[] = [
  "unauthenticated",
  "forbidden",
  "not_found",
  "rate_limited",
  "internal",
  "provider_unreachable",
];
/** Codes of routes that a body may be sent to. */
export const OF_BODIES: ErrorCode[] = ["unsupported_media_type", "payload_too_large"];
/** Codes of routes that take a document. */
export const OF_DOCUMENTS: ErrorCode[] = ["invalid_document", ...OF_BODIES];
/** Codes of routes that need a token from a provider. */
export const OF_PROVIDERS: ErrorCode[] = [
  "reauthorization_required",
  "client_misconfigured",
  "provider_refused",
  "storage_integrity",
];

/** Describes the failures of a route below /v2, by status. */
export function failures(...codes: ErrorCode[]) {
  return publicFailures(...ALWAYS, ...codes);
}

/** Describes the failures of a route that asks nobody who they are, by status. */
export function publicFailures(...codes: ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set<ErrorCode>(["internal", ...codes])) {
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  }
  const described = [...byStatus].map(([status, each]) => [
    status,
    {
      ...json(`\`${each.join("`, `")}\``, errorsSchema),
      ...(status in OF_FAILURES && { headers: OF_FAILURES[status] }),
    },
  ]);
  return Object.fromEntries(described) as Record<number, ReturnType<typeof json<typeof errorsSchema>>>;
}
