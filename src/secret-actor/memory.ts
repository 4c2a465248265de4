/** What the actor holds in memory, equal to what is stored: the record, and the grant once it was opened. Keeps the index in D1 in step. */

import type { RecordIdentity, Sealed } from "../crypto/seal.ts";
import { afterLostAnswer } from "../domain/after-attempt.ts";
import { type FreeCredentials, hasTokens } from "../domain/auth-client.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import { healthOf, stateOf } from "../domain/health.ts";
import { firstLook } from "../domain/overdue.ts";
import { isServable, nextWake } from "../domain/refresh-schedule.ts";
import type { Grant, PlainCredentials, Secret, SecretView, TokenCredentials } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import { NOWHERE, type Seen } from "../store/places.ts";
import type { IndexEntry } from "../store/secrets.ts";
import { ended, endsAt, isOpen } from "./flows.ts";
import { D1_TIMEOUT_MS } from "./look-up.ts";
import type { Ports } from "./ports.ts";
import type { ActorRecord } from "./record.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
/** Alarms further away are set in steps. */
const LONGEST_ALARM = 30 * DAY;
/** Clocks of a well-kept platform differ by less. */
const CLOCKS_APART = 10 * SECOND;
/** How long an actor without a secret remembers how its flows ended. */
export const REMEMBER_ENDED_FLOWS = DAY;

export class Memory {
  readonly #ports: Ports;
  #record: ActorRecord | null;
  #opened: { version: number; content: Promise<Grant | FreeCredentials> } | null = null;
  #indexing: Promise<void> = Promise.resolve();

  constructor(ports: Ports) {
    this.#ports = ports;
    this.#record = ports.storage.load();
    this.#recover();
  }

  get record(): ActorRecord | null {
    return this.#record;
  }

  /** The secret. @throws {ServiceError} `not_found` */
  get secret(): Secret {
    const secret = this.#record?.secret;
    if (secret === null || secret === undefined) throw new ServiceError("not_found", "There is no such secret.");
    return secret;
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

  /** Stores the record and the alarm that follows from it, together. `alarm: "keep"` leaves the alarm alone. */
  async write(record: ActorRecord, alarm: "set" | "keep" = "set"): Promise<void> {
    const saved = this.#ports.storage.save(record, alarm === "keep" ? undefined : this.#nextAlarm(record));
    this.#record = record;
    await saved;
  }

  /** Takes over what is stored, should it not be what is held. */
  reread(): void {
    const stored = this.#ports.storage.load();
    if (stored !== null && stored.secret?.version !== this.#record?.secret?.version) this.#record = stored;
  }

  /** Makes sure that an alarm is set where one is needed, and that none follows sooner than this on the one that just rang. */
  async rearm(soonestMs = SECOND): Promise<void> {
    const alarmAt = this.#record === null ? null : this.#nextAlarm(this.#record);
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
    await this.write({ ...record, secret: afterLostAnswer(record.secret, this.#ports.now(), this.#ports.random()) });
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
    try {
      await this.#ports.storage.erase();
    } catch (error) {
      // What is still stored must not be taken for gone.
      this.#record ??= before;
      throw error;
    }
  }

  /** Brings the index up to date without hiding what was already stored: a failure is told, and tried again at the next alarm. */
  async publishQuietly(): Promise<void> {
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
      const secret = this.#record?.secret;
      if (secret == null) return;
      const entry = indexEntry(secret, this.#ports.now());
      if (isIndexed(this.#record, entry)) return;
      await this.#inTime(this.#ports.putIndexEntry(secret, entry, seenBy(this.#record)));
      const record = this.#record;
      if (record === null) return;
      await this.write({ ...record, indexed: entry, unconfirmed: false }, record.secret?.attempt ? "keep" : "set");
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
    const now = this.#ports.now();
    return {
      id: secret.id,
      workspaceId: secret.workspaceId,
      authClientId: secret.authClientId,
      userId: secret.userId,
      type: secret.type,
      name: secret.name,
      version,
      reported: secret.reported,
      credentials: hasTokens(secret.type)
        ? tokenCredentials(secret, content as Grant, now)
        : plainCredentials(content as FreeCredentials),
      health: healthOf(secret, now),
    };
  }

  /** An attempt or exchange that is open when the actor wakes belongs to a process that is gone: its answer was lost. */
  #recover(): void {
    const record = this.#record;
    if (record === null) return;
    const { secret } = record;
    const exchanging = record.authorizations.some((flow) => flow.status === "exchanging");
    if (secret?.attempt == null && !exchanging) return;
    const { now, random, keepAlive } = this.#ports;
    keepAlive(
      this.write({
        ...record,
        secret: secret?.attempt == null ? secret : afterLostAnswer(secret, now(), random()),
        authorizations: record.authorizations.map((flow) =>
          flow.status === "exchanging" ? { ...flow, ...ended("interrupted") } : flow,
        ),
      }),
    );
  }

  #nextAlarm(record: ActorRecord): number | null {
    const now = this.#ports.now();
    if (record.unconfirmed) return now + MINUTE;
    const wakes: (number | null)[] = record.authorizations.filter(isOpen).map(endsAt);
    const { secret } = record;
    if (secret === null) {
      wakes.push(...record.authorizations.map((flow) => flow.expiresAt + REMEMBER_ENDED_FLOWS));
    } else {
      wakes.push(nextWake(secret));
      if (!isIndexed(record, indexEntry(secret, now))) wakes.push(now + MINUTE);
      // Nothing else wakes a token that is not renewed, and the index has to learn that it has expired.
      else if (secret.refreshAt === null && record.indexed?.state === "ready") wakes.push(secret.expiresAt);
    }
    const soonest = Math.min(...wakes.filter((wake) => wake !== null));
    return soonest === Number.POSITIVE_INFINITY ? null : Math.min(soonest, now + LONGEST_ALARM);
  }
}

function grantIdentity(
  { workspaceId, id }: { workspaceId: WorkspaceId; id: SecretId },
  version: number,
): RecordIdentity {
  return ["workspace", workspaceId, "auth-secret", id, "grant", version];
}

function tokenCredentials(secret: Secret, grant: Grant, now: number): TokenCredentials {
  return {
    kind: "token",
    accessToken: isServable(secret, now) ? grant.access_token : null,
    tokenType: grant.token_type,
    scope: grant.scope,
    expiresAt: secret.expiresAt,
    undefinedParams: grant.undefined_params,
    additionalParams: secret.additionalParams,
    fields: secret.fields,
  };
}

function plainCredentials(members: FreeCredentials): PlainCredentials {
  return { kind: "plain", members };
}

function indexEntry(secret: Secret, now: number): IndexEntry {
  return { name: secret.name, state: stateOf(secret.reported, healthOf(secret, now)), checkAt: firstLook(secret) };
}

/**
 * What must still be around the workspace. One that lay in no contract may have been taken into one since; but not while its first secret
 * was on its way there.
 */
function seenBy(record: ActorRecord | null): Seen {
  const { seen = null, unconfirmed = false } = record ?? {};
  return seen === NOWHERE && !unconfirmed ? null : seen;
}

/** When the sweep looks is its own affair once it has begun; the index has to say whether it does. The first records do not tell: it does. */
function isIndexed(record: ActorRecord | null, entry: IndexEntry): boolean {
  const indexed = record?.indexed;
  if (indexed?.name !== entry.name || indexed.state !== entry.state) return false;
  return (indexed.checkAt === null) === (entry.checkAt === null);
}
