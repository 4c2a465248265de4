/**
 * Tells the trail of the workspace what happened to a secret. What could not be told stays in the record, and is told with what happens next,
 * or by an alarm that is set for it. Nothing else ever fails or waits because of this.
 */

import type { EventBatch, Happened } from "../domain/events.ts";
import { EMPTY_TRAIL, remembering, untold } from "../domain/trail.ts";
import { seenBy } from "./index-entry.ts";
import type { Memory } from "./memory.ts";
import type { Ports } from "./ports.ts";
import type { ActorRecord } from "./record.ts";

export class Teller {
  readonly #memory: Memory;
  readonly #ports: Ports;
  #telling: Promise<void> | null = null;

  constructor(memory: Memory, ports: Ports) {
    this.#memory = memory;
    this.#ports = ports;
  }

  /** Tells what was not told yet, in one message at a time. Rejects for nothing. */
  async tell(): Promise<void> {
    // Who comes while one is on its way goes after it, since the way does not keep the order.
    while (this.#telling !== null) await this.#telling;
    this.#telling = this.#tellOnce().finally(() => (this.#telling = null));
    await this.#telling;
  }

  async #tellOnce(): Promise<void> {
    const batch = this.#batchOf(this.#memory.record);
    if (batch === null) return;
    const isTold = await this.#send(batch);
    const record = this.#memory.record;
    if (record === null) return;
    const trail = record.trail ?? EMPTY_TRAIL;
    const isBehind = !isTold;
    if (isTold) this.#memory.noteTold(batch.events.at(-1)?.sequence ?? 0);
    if (isBehind === (trail.isBehind ?? false)) return;
    // Somebody has to wake up for it, or needs to no more.
    const alarm = record.secret?.attempt == null ? "set" : "keep";
    await this.#memory.write({ ...record, trail: { ...trail, isBehind } }, alarm).catch(() => undefined);
  }

  /** Tells the last that happened to a secret of which nothing is left; `before` is what was. */
  async tellLast(before: ActorRecord, happened: readonly Happened[]): Promise<void> {
    const version = before.secret?.version ?? null;
    const trail = remembering(before.trail ?? EMPTY_TRAIL, happened, this.#ports.now(), version);
    const batch = this.#batchOf({ ...before, trail });
    if (batch !== null) await this.#send(batch);
  }

  #batchOf(record: ActorRecord | null): EventBatch | null {
    if (record?.trail === undefined) return null;
    const trail = { ...record.trail, told: this.#memory.told };
    return untold(trail, { ...record, seen: seenBy(record) });
  }

  async #send(batch: EventBatch): Promise<boolean> {
    try {
      await this.#ports.tell(batch);
      return true;
    } catch (error) {
      const last = batch.events.at(-1);
      const internal = `${last?.event ?? ""}, ${batch.events.length} in all: ${String(error)}`;
      this.#ports.log({ kind: "alert", what: "events_not_told", secret_id: batch.source, internal });
      return false;
    }
  }
}
