/**
 * What an isolate saw happen, gathered and handed to the queue at most a second later: whoever notes an event waits for nothing. Its events are
 * numbered, so that the other end notices when some never came.
 */

import type { Env } from "../bindings.ts";
import type { AuditEvent, EventBatch, EventOutcome, EventType, Subject } from "../domain/events.ts";
import type { Lineage } from "../domain/place.ts";
import { seenAround } from "../store/places.ts";
import { log } from "../telemetry.ts";

/** An event as a route knows it. */
export interface Noted {
  event: EventType;
  at: number;
  actor: string;
  outcome: EventOutcome;
  reason: string | null;
  version: number | null;
  requestId: string;
  subject: Subject;
  /** Where, with what lies around it; a place alone: nobody looked. */
  where: Lineage;
}

/** Lets work go on behind an answer. */
type Later = (work: Promise<unknown>) => void;

/** A message of as many has some tens of kilobytes, of the 128 that one may have. */
const MOST_AT_ONCE = 100;
const GATHERING_MS = 1000;
/** Whoever was to send them is gone. */
const FORGOTTEN_MS = 3000;
/** Between tries, inside the half minute that the platform gives. */
const PAUSES_MS = [2000, 8000];
/** As many messages wait for a queue that fails; more would take the isolate's memory. */
const MOST_KEPT = 100;

const known = new WeakMap<Env, Outbox>();

/** Gives the outbox of an environment. Who asks first may say how long it gathers. */
export function outboxOf(env: Env, gatheringMs = GATHERING_MS): Outbox {
  let outbox = known.get(env);
  if (outbox === undefined) known.set(env, (outbox = new Outbox(env.EVENTS, gatheringMs)));
  return outbox;
}

export class Outbox {
  readonly #queue: Pick<Queue, "send">;
  readonly #gatheringMs: number;
  readonly #source = crypto.randomUUID();
  #count = 0;
  #gathered: Noted[] = [];
  /** Since when somebody waits to send them. */
  #since = -Infinity;
  /** What the queue did not take. */
  #kept: EventBatch[] = [];

  constructor(queue: Pick<Queue, "send">, gatheringMs = GATHERING_MS) {
    this.#queue = queue;
    this.#gatheringMs = gatheringMs;
  }

  /** Notes an event. `later` is asked for once for each message, since asking costs more than noting. */
  add(noted: Noted, later: () => Later): void {
    const count = this.#gathered.push(noted);
    if (noted.at - this.#since > FORGOTTEN_MS) {
      this.#since = noted.at;
      later()(this.#sendSoon());
    } else if (count === MOST_AT_ONCE) later()(this.#sendAll());
  }

  async #sendSoon(): Promise<void> {
    await pause(this.#gatheringMs);
    this.#since = -Infinity;
    await this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#cut();
    for (const wait of [...PAUSES_MS, null]) {
      const sent = this.#kept;
      this.#kept = [];
      const failures = await Promise.all(sent.map((batch) => this.#send(batch)));
      const failed = sent.filter((_, index) => failures[index] !== null);
      if (failed.length === 0) return;
      this.#keep(
        failed,
        failures.find((failure) => failure !== null),
      );
      if (wait !== null) await pause(wait);
    }
  }

  /** Makes messages of what was gathered, numbered without a gap. */
  #cut(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    for (let start = 0; start < gathered.length; start += MOST_AT_ONCE) {
      const events = gathered.slice(start, start + MOST_AT_ONCE).map(({ where, ...noted }): AuditEvent => {
        const seen = where.at(-1)?.level === "global" ? seenAround(where) : null;
        return { ...noted, place: where[0], seen, sequence: ++this.#count, trigger: null, durationMs: null };
      });
      this.#kept.push({ source: this.#source, since: null, events });
    }
  }

  async #send(batch: EventBatch): Promise<unknown> {
    try {
      await this.#queue.send(batch);
      return null;
    } catch (error) {
      return error;
    }
  }

  #keep(failed: EventBatch[], failure: unknown): void {
    this.#kept = [...failed, ...this.#kept];
    const dropped = this.#kept.splice(0, Math.max(0, this.#kept.length - MOST_KEPT));
    const countOf = (batches: EventBatch[]) => batches.reduce((sum, { events }) => sum + events.length, 0);
    const internal = `${countOf(failed)} wait, ${countOf(dropped)} are lost: ${String(failure)}`;
    log({ kind: "alert", what: "events_not_told", internal });
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
