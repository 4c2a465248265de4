/**
 * The receiving end of the queue of events: appends what came to the trail in D1, each event once and those of a source in their order, and
 * tells when some are missing. What D1 does not take comes again.
 */

import { type Env, settingsOf } from "../bindings.ts";
import { type Arrival, inOrder } from "../domain/event-order.ts";
import type { EventBatch } from "../domain/events.ts";
import { findSeen, insertEvents } from "../store/events.ts";
import { log } from "../telemetry.ts";

/** When what came too early is delivered again, and what D1 did not take. */
const EARLY_SECONDS = 15;
const FAILED_SECONDS = 60;

/** Takes what the queue delivers. Rejects for nothing. */
export async function consumeEvents(queued: MessageBatch, env: Env): Promise<void> {
  const now = Date.now();
  const arrivals = queued.messages.map((message): Arrival<Message> => {
    return { message, batch: message.body as EventBatch, sentAt: message.timestamp.getTime() };
  });
  try {
    const seen = await findSeen(env.DB, [...new Set(arrivals.map(({ batch }) => batch.source))]);
    const ordered = inOrder(arrivals, seen, { now, keptMs: settingsOf(env).auditMs });
    await insertEvents(env.DB, ordered.events, ordered.seen, now);
    for (const message of ordered.early) message.retry({ delaySeconds: EARLY_SECONDS });
    for (const { source, from, to } of ordered.gaps) {
      log({ kind: "alert", what: "events_lost", internal: `${source}: from ${from} to ${to}` });
    }
  } catch (error) {
    log({ kind: "alert", what: "events_not_stored", internal: `${queued.messages.length} messages: ${String(error)}` });
    queued.retryAll({ delaySeconds: FAILED_SECONDS });
  }
}
