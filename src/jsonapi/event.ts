/** Events on the wire: what happened, when, by whom, and what came of it. */

import { z } from "@hono/zod-openapi";
import { EVENT_TYPES, eventId, type KeptEvent, OUTCOMES, type Remembered, TRIGGERS } from "../domain/events.ts";
import { instantSchema } from "./document.ts";
import { instant } from "./instant.ts";

const attributes = {
  event: z.enum(EVENT_TYPES),
  at: instantSchema,
  actor: z.string().openapi({
    description:
      "Who did it: `root`, `key:{id}`, the subject of a JWT; `person`: somebody in a browser; `alarm` and `system`: the service itself.",
  }),
  outcome: z.enum(OUTCOMES),
  reason: z.string().nullable().openapi({ description: "Why it did not go well, as a code." }),
  trigger: z.enum(TRIGGERS).nullable().openapi({ description: "What made a refresh happen." }),
  duration_ms: z.int().nullable(),
  version: z.int().nullable().openapi({ description: "The version afterwards." }),
  request_id: z.string().nullable().openapi({ description: "As it stands in the log." }),
};

/** How what happened to one secret is shown. */
export const historySchema = z.strictObject({
  data: z.array(
    z
      .strictObject({ type: z.literal("event"), id: z.string(), attributes: z.strictObject(attributes) })
      .openapi("HistoryEvent"),
  ),
  meta: z.strictObject({}),
});

/** Shows an event of one source. */
export function historyEvent(source: string, remembered: Remembered) {
  return { type: "event" as const, id: eventId(source, remembered.sequence), attributes: eventAttributes(remembered) };
}

const subjectSchema = z
  .strictObject({ data: z.strictObject({ type: z.string(), id: z.string() }) })
  .openapi({ description: "What it is about." });

/** How the events of a workspace are shown. */
export const eventsSchema = z.strictObject({
  data: z.array(
    z
      .strictObject({
        type: z.literal("event"),
        id: z.string(),
        attributes: z.strictObject(attributes),
        relationships: z.strictObject({ subject: subjectSchema }),
      })
      .openapi("Event"),
  ),
  meta: z.strictObject({
    cursor: z.string().openapi({ description: "Sent as `after`, in the same order, it gives what comes next." }),
  }),
  links: z.strictObject({
    self: z.string(),
    next: z.string().nullable().openapi({ description: "Null: that is all so far." }),
  }),
});

/** Shows an event of a workspace. */
export function workspaceEvent(kept: KeptEvent) {
  return { ...historyEvent(kept.source, kept), relationships: { subject: { data: kept.subject } } };
}

/** A cursor: after which event it goes on. Opaque, so that it may become something else. */
export const CURSOR = /^[0-9a-z]{1,10}$/;

export function cursorOf(position: number): string {
  return position.toString(36);
}

export function positionOf(cursor: string): number {
  return Number.parseInt(cursor, 36);
}

function eventAttributes({ at, event, actor, outcome, reason, trigger, durationMs, version, requestId }: Remembered) {
  return {
    ...{ event, at: instant(at), actor, outcome, reason, trigger },
    ...{ duration_ms: durationMs, version, request_id: requestId },
  };
}
