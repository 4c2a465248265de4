/** What the actor holds in memory, equal to what is stored: the record, and the grant once it was opened. Keeps the index in D1 in step. */

import type { RecordIdentity, Sealed } from "../crypto/seal.ts";
import { afterLostAnswer } from "../domain/after-attempt.ts";
import type { FreeCredentials } from "../domain/auth-client.ts";
import type { Happened, Remembered } from "../domain/events.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import type { Grant, Secret, SecretView } from "../domain/secret.ts";
import { outdatesCopies } from "../domain/token-copy.ts";
import { EMPTY_TRAIL, rememberedIn, remembering } from "../domain/trail.ts";
import { ServiceError } from "../errors.ts";
import { ended, flowEvents } from "./flows.ts";
import { indexEntry, isIndexed, seenBy, stateEvents } from "./index-entry.ts";
import { D1_TIMEOUT_MS } from "./look-up.ts";
import { nextAlarm } from "./next-alarm.ts";
import type { Ports } from "./ports.ts";
import type { ActorRecord } from "./record.ts";
import { Teller } from "./teller.ts";
import { secretView } from "./view.ts";

const SECOND = 1000;
/** Clocks of a well-kept platform differ by less. */
const CLOCKS_APART = 10 * SECOND;
/** What is known of a refresh whose process died. */
const ANSWER_LOST: Happened = {
  event: "secret.refresh_failed",
  actor: "system",
  outcome: "failed",
  reason: "interrupted",
};

export class Memory {
  readonly teller: Teller;
  readonly #ports: Ports;
  #record: ActorRecord | null;
  #opened: { version: number; content: Promise<Grant | FreeCredentials> } | null = null;
  #told = 0;
  #indexing: Promise<void> = Promise.resolve();

  constructor(ports: Ports) {
    this.#ports = ports;
    this.teller = new Teller(this, ports);
    this.#record = ports.storage.load();
    this.#recover();
  }

  get record(): ActorRecord | null {
    return this.#record;
  }

  /** The secret. @throws {ServiceError} `not_found` */
  get secret(): Secret {
    return this.#ofSecret.secret;
  }

  get #ofSecret(): ActorRecord & { secret: Secret } {
    const record = this.#record;
    if (record === null || record.secret === null) throw new ServiceError("not_found", "There is no such secret.");
    return record as ActorRecord & { secret: Secret };
  }

  /** Gives the grant of a secret with tokens. @throws {ServiceError} `not_found`, `storage_integrity` */
  async grant(): Promise<Grant> {
    return (await this.#content()) as Grant;
  }

  /** Opens what is sealed, once for each version. */
  async #content(): Promise<Grant | FreeCredentials> {
    const { version } = this.secret;
    if (this.#opened?.version !== version) {
      const content = this.#open(version);
      this.#opened = { version, content };
      // A key that is missing today may be back tomorrow.
      content.catch(() => (this.#opened = null));
    }
    return await this.#opened.content;
  }

  async #open(version: number): Promise<Grant | FreeCredentials> {
    const record = this.#record;
    if (record?.grant == null) throw new ServiceError("not_found", "There is no such secret.");
    return await this.#ports.cipher.open(grantIdentity(record, version), record.grant);
  }

  /** Seals a grant, or the credentials of a type without tokens, for the version that they will have. */
  async seal(
    ids: { workspaceId: WorkspaceId; id: SecretId },
    version: number,
    content: Grant | FreeCredentials,
  ): Promise<Sealed> {
    return await this.#ports.cipher.seal(grantIdentity(ids, version), content);
  }

  /** Stores the record, what happened to it and the alarm that follows from it, together. `alarm: "keep"` leaves the alarm alone. */
  async write(changed: ActorRecord, alarm: "set" | "keep" = "set", happened: readonly Happened[] = []): Promise<void> {
    const now = this.#ports.now();
    const record = this.#withEvents(changed, happened, now);
    const saved = this.#ports.storage.save(record, alarm === "keep" ? undefined : nextAlarm(record, now));
    const before = this.#record?.secret;
    this.#record = record;
    if (before != null && outdatesCopies(before, record.secret, now)) this.#dropCopies(record);
    await saved;
  }

  #withEvents(record: ActorRecord, happened: readonly Happened[], now: number): ActorRecord {
    const ofFlows = flowEvents(this.#record?.authorizations ?? [], record.authorizations);
    const version = record.secret?.version ?? null;
    const known = { ...(record.trail ?? EMPTY_TRAIL), told: this.told };
    return { ...record, trail: remembering(known, [...ofFlows, ...happened], now, version) };
  }

  /** What happened to the secret, newest first. @throws {ServiceError} `not_found` */
  history(): Remembered[] {
    return rememberedIn(this.#ofSecret.trail ?? EMPTY_TRAIL).toReversed();
  }

  #dropCopies(of: Pick<ActorRecord, "id" | "workspaceId">): void {
    this.#ports.keepAlive(this.#ports.dropCopies(of));
  }

  /** Takes over what is stored, should it not be what is held. */
  reread(): void {
    const stored = this.#ports.storage.load();
    if (stored !== null && stored.secret?.version !== this.#record?.secret?.version) this.#record = stored;
  }

  /** Makes sure that an alarm is set where one is needed, and that none follows sooner than this on the one that just rang. */
  async rearm(soonestMs = SECOND): Promise<void> {
    const alarmAt = this.#record === null ? null : nextAlarm(this.#record, this.#ports.now());
    if (alarmAt === null) return;
    const now = this.#ports.now();
    // The clock that rings may be ahead of ours. Set for the same moment again, it would ring and ring until ours has come there.
    const isClose = alarmAt > now && alarmAt - now < CLOCKS_APART;
    await this.#ports.storage.ensureAlarm(Math.max(isClose ? alarmAt + SECOND : alarmAt, now + soonestMs));
    // Removed meanwhile, it would be left with an alarm.
    if (this.#record === null) await this.#ports.storage.erase();
  }

  /** Sets the alarm, whatever it was set to. */
  async wakeAt(instant: number): Promise<void> {
    if (this.#record !== null) await this.#ports.storage.save(this.#record, instant);
  }

  /** An attempt that no process is making: its answer was lost. */
  async closeLostAttempt(): Promise<void> {
    const record = this.#record;
    if (record === null || record.secret === null || record.secret.attempt === null) return;
    const secret = afterLostAnswer(record.secret, this.#ports.now(), this.#ports.random());
    await this.write({ ...record, secret }, "set", [ANSWER_LOST]);
  }

  /** Removes everything, from the index first, so that a failure there leaves the secret whole. `only`: if this still holds then. */
  async erase(id: SecretId, only: (record: ActorRecord) => boolean = () => true): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#record === null || !only(this.#record)) return;
      // Should only the answer be lost, the alarm of a secret that is still here puts the entry back.
      if (this.#record.indexed !== null) await this.write({ ...this.#record, indexed: null });
      await this.#inTime(this.#ports.deleteIndexEntry(id));
      await this.#forget();
    });
  }

  /** Removes everything at once. Whoever asks for it takes care of the index. */
  async clear(): Promise<void> {
    await this.#inTurn(() => this.#forget());
  }

  async #forget(): Promise<void> {
    const before = this.#record;
    this.#record = null;
    this.#opened = null;
    if (before !== null) this.#dropCopies(before);
    try {
      await this.#ports.storage.erase();
    } catch (error) {
      // What is still stored must not be taken for gone.
      this.#record ??= before;
      throw error;
    }
  }

  /** Up to which event the trail was told. It is stored with what is stored next: until then, a few may be told twice. */
  get told(): number {
    return Math.max(this.#told, this.#record?.trail?.told ?? 0);
  }

  noteTold(sequence: number): void {
    this.#told = sequence;
  }

  /** Brings the index and the trail up to date without hiding what was already stored: a failure is told, and tried again at the next alarm. */
  async publishQuietly(): Promise<void> {
    await this.#publishIndex();
    this.#ports.keepAlive(this.teller.tell());
  }

  async #publishIndex(): Promise<void> {
    try {
      await this.publish();
    } catch (error) {
      const record = this.#record;
      const isOrphan = error instanceof ServiceError && error.failure.code === "conflict" && record?.indexed === null;
      if (isOrphan) await this.#dropOrphan(record);
      const secret_id = record?.id;
      this.#ports.log({
        kind: "alert",
        what: "index_behind",
        ...(secret_id && { secret_id }),
        internal: String(error),
      });
    }
  }

  /** Brings the index up to date when it says something else. */
  async publish(): Promise<void> {
    await this.#inTurn(async () => {
      const before = this.#record;
      if (before === null || before.secret === null) return;
      const entry = indexEntry(before, before.secret, this.#ports.now());
      if (isIndexed(before, entry)) return;
      await this.#inTime(this.#ports.putIndexEntry(before.secret, entry, seenBy(before)));
      const record = this.#record;
      if (record === null) return;
      const isUnderWay = record.secret?.attempt != null;
      const happened = stateEvents(record, entry, this.#ports.now());
      await this.write({ ...record, indexed: entry, unconfirmed: false }, isUnderWay ? "keep" : "set", happened);
    });
  }

  /** Index writes of one secret never overtake each other; a deletion least of all. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#indexing.then(work, work);
    this.#indexing = turn.catch(() => undefined);
    await turn;
  }

  async #inTime(work: Promise<void>): Promise<void> {
    let isDone = false;
    await this.#ports.waitFor(
      work.then(() => (isDone = true)),
      D1_TIMEOUT_MS,
    );
    if (!isDone) throw new Error("D1 does not answer in time");
  }

  /** A secret that is not in the index and whose client is gone: nobody can use it, and the flow that made it failed after all. */
  async #dropOrphan(record: ActorRecord): Promise<void> {
    const authorizations = record.authorizations.map((flow) =>
      flow.status === "completed" ? { ...flow, ...ended("client_gone") } : flow,
    );
    if (authorizations.length === 0) await this.#forget();
    else await this.write({ ...record, secret: null, grant: null, client: null, authorizations });
  }

  /** Makes what callers may see, all of one version. @throws {ServiceError} `not_found`, `storage_integrity` */
  async view(): Promise<SecretView> {
    const { version } = this.secret;
    const content = await this.#content();
    const secret = this.secret;
    if (secret.version !== version) return await this.view();
    return secretView(secret, content, this.#ports.now());
  }

  /** An attempt or exchange that is open when the actor wakes belongs to a process that is gone: its answer was lost. */
  #recover(): void {
    const record = this.#record;
    if (record === null) return;
    const { secret } = record;
    const exchanging = record.authorizations.some((flow) => flow.status === "exchanging");
    if (secret?.attempt == null && !exchanging) return;
    const { now, random, keepAlive } = this.#ports;
    const authorizations = record.authorizations.map((flow) =>
      flow.status === "exchanging" ? { ...flow, ...ended("interrupted") } : flow,
    );
    if (secret?.attempt == null) keepAlive(this.write({ ...record, authorizations }));
    else {
      const after = afterLostAnswer(secret, now(), random());
      keepAlive(this.write({ ...record, secret: after, authorizations }, "set", [ANSWER_LOST]));
    }
  }
}

/** Names the grant of a version, for its seal. */
export function grantIdentity(
  { workspaceId, id }: { workspaceId: WorkspaceId; id: SecretId },
  version: number,
): RecordIdentity {
  return ["workspace", workspaceId, "auth-secret", id, "grant", version];
}
