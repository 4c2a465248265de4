/**
 * What can happen that people may ask about later: who did what, to what, and what came of it. Plain facts, never a credential, a provider's
 * words or a body. Instants are milliseconds since the epoch.
 */

import type { Place } from "./place.ts";

/** Every kind of event that there is. */
export const EVENT_TYPES = [
  "secret.created",
  "secret.changed",
  "secret.deleted",
  "secret.refreshed",
  "secret.refresh_failed",
  "secret.state_changed",
  "secret.refresh_token_ending",
  "secret.tokens_revoked",
  "secret.credentials_read",
  "authorization.started",
  "authorization.completed",
  "authorization.failed",
  "auth_client.created",
  "auth_client.changed",
  "auth_client.deleted",
  "signing_key.created",
  "api_key.created",
  "api_key.revoked",
  "tenant.created",
  "tenant.deleted",
  "contract.created",
  "contract.deleted",
  "workspace.created",
  "workspace.deleted",
  "rewrap.started",
  "access.denied",
  "events.lost",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What came of it. `superseded`: something newer was there first. */
export const OUTCOMES = ["ok", "failed", "denied", "superseded"] as const;
export type EventOutcome = (typeof OUTCOMES)[number];

/** What made a refresh happen. */
export const TRIGGERS = ["alarm", "read", "manual"] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** Who did it, where it was nobody who has a name here: an alarm, a person in a browser, the service by itself. */
export type Nobody = "alarm" | "person" | "system";

/** Something that happened, as whoever saw it tells it. */
export interface Happened {
  event: EventType;
  /** The id of a principal, or `Nobody`. */
  actor: string;
  outcome: EventOutcome;
  /** A code. */
  reason?: string | null;
  trigger?: Trigger | null;
  durationMs?: number | null;
  requestId?: string | null;
}

/** The same, as it is remembered. `version` is that of the secret or client afterwards. */
export interface Remembered extends Required<Happened> {
  /** Counts the events of one source, from 1, without a gap. */
  sequence: number;
  at: number;
  version: number | null;
}

/** What an event is about. */
export interface Subject {
  type: "auth-secret" | "auth-client" | "api-key" | "tenant" | "contract" | "workspace" | "rewrap" | "route" | "events";
  id: string;
}

/** An event as the trail of its place has it. */
export interface AuditEvent extends Remembered {
  subject: Subject;
  place: Place;
  /** What was around the place then, as `tenant/contract`; null: nobody knows. */
  seen: string | null;
}

/** An event as it is kept: `position` is the order in which events were heard of. */
export interface KeptEvent extends AuditEvent {
  position: number;
  source: string;
}

/** What a source tells at once: its events in their order, without a gap. */
export interface EventBatch {
  source: string;
  /** When the event before the first of these happened, where that is known. */
  since: number | null;
  events: AuditEvent[];
}

/** Names an event for good. */
export function eventId(source: string, sequence: number): string {
  return `${source}.${sequence}`;
}
