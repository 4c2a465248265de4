/**
 * The one error this service throws on purpose, and the closed list of its codes.
 * Knows nothing of HTTP: `jsonapi/errors` gives each code its status.
 */

/** Says what went wrong in one word that programs may branch on. The list is closed. */
export type ErrorCode =
  | "invalid_document"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "unsupported_media_type"
  | "payload_too_large"
  | "reauthorization_required"
  | "client_misconfigured"
  | "provider_refused"
  | "rate_limited"
  | "provider_unreachable"
  | "storage_integrity"
  | "internal";

/** Names one fault in what the caller sent: a sentence, and the place of it (RFC 6901 pointer or query parameter). */
export interface Problem {
  detail: string;
  pointer?: string;
  parameter?: string;
}

/** A failure as plain data, as it crosses the actor's door (errors lose their class over RPC). */
export interface Failure {
  code: ErrorCode;
  problems: Problem[];
  internal?: string;
  retryAfterSeconds?: number;
  about?: string;
}

/**
 * Carries a failure to the one place that writes it. `problems` are for the caller, `internal` is for the log;
 * neither ever holds a secret or a provider's own words.
 */
export class ServiceError extends Error {
  readonly failure: Failure;

  constructor(code: ErrorCode, detail: string | Problem[], more: Omit<Failure, "code" | "problems"> = {}) {
    const problems = typeof detail === "string" ? [{ detail }] : detail;
    super(`${code}: ${problems.map((problem) => problem.detail).join(" ")}`);
    this.name = "ServiceError";
    this.failure = { code, problems, ...more };
  }

  /** Makes the error again on this side of the actor's door. */
  static from({ code, problems, ...more }: Failure): ServiceError {
    return new ServiceError(code, problems, more);
  }
}

/** Makes a ServiceError of whatever was thrown; what nobody expected is `internal`, and only the log learns more. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const internal = error instanceof Error ? `${error.name}: ${error.message}` : "something that is no Error was thrown";
  return new ServiceError("internal", "Something went wrong. The request id leads us to it.", { internal });
}
