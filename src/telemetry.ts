/** One line of JSON for each request, alarm and refresh; token reads that go well share one. Values are written by JSON.stringify, so that none can start a line of its own. */

import type { ErrorCode } from "./errors.ts";

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
  | { kind: "alert"; what: string; request_id?: string; secret_id?: string; internal: string };

/** Writes one line, with the instant in front. */
export function log(line: LogLine): void {
  const write = line.kind === "alert" ? console.error : console.log;
  write(JSON.stringify({ at: new Date().toISOString(), ...line }));
}
