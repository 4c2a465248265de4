/** One line of JSON for each request, alarm and refresh; token reads that go well share one. Values are written by JSON.stringify, so that none can start a line of its own. */

import type { ErrorCode } from "./errors.ts";

/** Every alert that there is; docs/OPERATIONS.md says what each means, and what to do. */
export const ALERTS = [
  "address_refused",
  "alarm_postponed",
  "attempt_failed",
  "budget_unreachable",
  "events_forgotten_early",
  "events_lost",
  "events_not_forgotten",
  "events_not_stored",
  "events_not_told",
  "index_behind",
  "issuers_not_refreshed",
  "no_limit",
  "not_inspected",
  "outcome_not_stored",
  "overdue",
  "redirect_refused",
  "remove_job_failed",
  "revocation_failed",
  "rewrap_behind",
  "rewrap_job_failed",
  "rewrap_not_started",
  "rewrap_unopened",
  "storage_integrity",
  "sweep_job_failed",
  "sweep_not_started",
  "unreadable_in_list",
  "wake_job_failed",
  "wake_job_not_started",
] as const;
export type Alert = (typeof ALERTS)[number];

/** What may stand in a line. No member is ever a credential, a provider's words or a body. */
export type LogLine =
  | {
      kind: "request";
      request_id: string;
      method: string;
      route: string;
      status: number;
      duration_ms: number;
      principal: string | null;
      code?: ErrorCode | undefined;
      internal?: string | undefined;
    }
  /** Reads of a token or a secret that went well since the last such line of the isolate, by where they came from; the last of them asked as `request_id`. */
  | { kind: "reads"; request_id: string; memory: number; edge: number; origin: number }
  /** Requests that were refused because there were too many, since the last such line of the isolate; the last of them is named. */
  | { kind: "limited"; request_id: string; principal: string | null; known: number; unknown: number }
  | {
      kind: "refresh";
      trigger: "alarm" | "read" | "manual";
      request_id: string;
      workspace_id: string;
      secret_id: string;
      version: number;
      outcome: "granted" | "superseded" | "refused" | "held_back";
      reason: string | null;
      /** What in the answer was not believed. */
      warning?: string;
      /** In which format the provider answered, where that cannot be read. */
      media_type?: string;
      duration_ms: number;
      next_refresh_at: string | null;
    }
  | {
      kind: "consent";
      request_id: string;
      workspace_id: string;
      secret_id: string;
      authorization_id: string;
      outcome: "completed" | "failed";
      reason: string | null;
    }
  | {
      kind: "revocation";
      request_id: string;
      workspace_id: string;
      secret_id: string;
      outcome: "revoked" | "partly" | "failed";
      reason: string | null;
      duration_ms: number;
    }
  | { kind: "ending"; workspace_id: string; secret_id: string; days_left: number; ends_at: string }
  | {
      kind: "job";
      job: string;
      subject: string;
      request_id: string;
      duration_ms: number;
      asked?: number;
      woken?: number;
    }
  | {
      kind: "discovery";
      request_id: string;
      issuer: string;
      outcome: "heard" | "failed";
      reason: string | null;
    }
  | { kind: "alert"; what: Alert; request_id?: string; secret_id?: string; internal: string };

/** Writes one line, with the instant in front. */
export function log(line: LogLine): void {
  const write = line.kind === "alert" ? console.error : console.log;
  write(JSON.stringify({ at: new Date().toISOString(), ...line }));
}
