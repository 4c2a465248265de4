/** Failures on the wire (JSON:API 1.1, error objects). The only place that knows a failure's status number. */

import type { ErrorCode, Failure, Problem } from "../errors.ts";
import type { ErrorObject } from "./error-schema.ts";

const STATUS_AND_TITLE: Record<ErrorCode, readonly [status: number, title: string]> = {
  invalid_document: [400, "The request is not valid."],
  unauthenticated: [401, "Who are you?"],
  forbidden: [403, "You may not do this."],
  not_found: [404, "There is nothing here."],
  conflict: [409, "This does not go together with what is there."],
  unsupported_media_type: [415, "The media type is not supported."],
  payload_too_large: [413, "The request is too large."],
  reauthorization_required: [424, "The account has to be connected again."],
  client_misconfigured: [424, "The auth client does not work."],
  provider_refused: [424, "The provider refused."],
  rate_limited: [429, "Too many requests."],
  provider_unreachable: [503, "The provider does not answer."],
  storage_integrity: [503, "Stored credentials cannot be opened."],
  internal: [500, "Something went wrong on our side."],
};

/** The closed list, for schemas. */
export const CODES = Object.keys(STATUS_AND_TITLE) as [ErrorCode, ...ErrorCode[]];

/** Gives the status that a code is answered with. */
export function statusOf(code: ErrorCode): number {
  return STATUS_AND_TITLE[code][0];
}

/** A document that is wrong in more places is answered with these. */
const MOST_PROBLEMS = 100;

/** Writes a failure as a status, headers and a document. All problems of one request stand together. */
export function errorDocument(failure: Failure): {
  status: number;
  headers: Record<string, string>;
  document: { errors: ErrorObject[] };
} {
  const [status, title] = STATUS_AND_TITLE[failure.code];
  const headers: Record<string, string> = {};
  if (failure.retryAfterSeconds !== undefined) headers["Retry-After"] = String(failure.retryAfterSeconds);
  if (failure.code === "unauthenticated")
    headers["WWW-Authenticate"] = 'Basic realm="Edge Secrets", Bearer realm="Edge Secrets"';
  const errors = failure.problems.slice(0, MOST_PROBLEMS).map((problem) => ({
    status: String(status),
    code: failure.code,
    title,
    detail: problem.detail,
    ...sourceOf(problem),
    ...(failure.about !== undefined && { links: { about: failure.about } }),
  }));
  return { status, headers, document: { errors } };
}

function sourceOf({ pointer, parameter }: Problem): Pick<ErrorObject, "source"> {
  if (pointer !== undefined) return { source: { pointer } };
  if (parameter !== undefined) return { source: { parameter } };
  return {};
}
