/** What the actor holds in memory, always equal to what is stored: the record, and the grant once it was opened. */

import { open, type RecordIdentity, type Sealed, seal } from "../crypto/seal.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import { afterLostAnswer, healthOf, isServable, nextWake, stateOf } from "../domain/refresh-schedule.ts";
import type { Grant, Secret, SecretView } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import type { IndexEntry } from "../store/secrets.ts";
import type { Ports } from "./ports.ts";
import type { ActorRecord } from "./record.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Alarms further away are set in steps. */
const LONGEST_ALARM = 30 * DAY;
/** How long an actor without a secret remembers how its flows ended. */
export const REMEMBER_ENDED_FLOWS = DAY;

export class Memory {
  readonly #ports: Ports;
  #record: ActorRecord | null;
  #opened: { version: number; grant: Promise<Grant> } | null = null;

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

  /** Opens the grant once for each version. @throws {ServiceError} `not_found`, `storage_integrity` */
  async grant(): Promise<Grant> {
    const { version } = this.secret;
    if (this.#opened?.version !== version) {
      const grant = this.#open(version);
      this.#opened = { version, grant };
      // A key that is missing today may be back tomorrow.
      grant.catch(() => (this.#opened = null));
    }
    return await this.#opened.grant;
  }

  async #open(version: number): Promise<Grant> {
    const record = this.#record;
    if (record?.grant == null) throw new ServiceError("not_found", "There is no such secret.");
    return await open<Grant>(this.#ports.keyring(), grantIdentity(record, version), record.grant);
  }

  /** Seals a grant for the version that it will have. */
  async seal(ids: { workspaceId: WorkspaceId; id: SecretId }, version: number, grant: Grant): Promise<Sealed> {
    return await seal(this.#ports.keyring(), grantIdentity(ids, version), grant);
  }

  /** Stores the record and the alarm that follows from it, together. `alarm: "keep"` leaves the alarm alone. */
  async write(record: ActorRecord, alarm: "set" | "keep" = "set"): Promise<void> {
    this.#record = record;
    await this.#ports.storage.save(record, alarm === "keep" ? undefined : this.#nextAlarm(record));
  }

  /** Makes sure that an alarm is set where one is needed. */
  async rearm(): Promise<void> {
    const alarmAt = this.#record === null ? null : this.#nextAlarm(this.#record);
    if (alarmAt !== null) await this.#ports.storage.ensureAlarm(alarmAt);
  }

  async erase(): Promise<void> {
    this.#record = null;
    this.#opened = null;
    await this.#ports.storage.erase();
  }

  /** Brings the index in D1 up to date without hiding what was already stored: a failure is told, and tried again at the next alarm. */
  async publishQuietly(): Promise<void> {
    try {
      await this.publish();
    } catch (error) {
      const secret_id = this.#record?.id;
      this.#ports.log({
        kind: "alert",
        what: "index_behind",
        ...(secret_id && { secret_id }),
        internal: String(error),
      });
    }
  }

  /** Brings the index in D1 up to date when it says something else. */
  async publish(): Promise<void> {
    const secret = this.#record?.secret;
    if (secret === null || secret === undefined) return;
    const entry = indexEntry(secret, this.#ports.now());
    if (isIndexed(this.#record, entry)) return;
    await this.#ports.putIndexEntry(secret, entry);
    const record = this.#record;
    if (record !== null) await this.write({ ...record, indexed: entry }, record.secret?.attempt ? "keep" : "set");
  }

  /** Makes what callers may see. @throws {ServiceError} `not_found`, `storage_integrity` */
  async view(): Promise<SecretView> {
    const grant = await this.grant();
    const secret = this.secret;
    const now = this.#ports.now();
    return {
      id: secret.id,
      workspaceId: secret.workspaceId,
      authClientId: secret.authClientId,
      userId: secret.userId,
      type: secret.type,
      name: secret.name,
      version: secret.version,
      accessToken: isServable(secret, now) ? grant.access_token : null,
      tokenType: grant.token_type,
      scope: grant.scope,
      undefinedParams: grant.undefined_params,
      additionalParams: secret.additionalParams,
      fields: secret.fields,
      expiresAt: secret.expiresAt,
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
          flow.status === "exchanging" ? { ...flow, status: "failed", reason: "interrupted" } : flow,
        ),
      }),
    );
  }

  #nextAlarm(record: ActorRecord): number | null {
    const now = this.#ports.now();
    const wakes: (number | null)[] = record.authorizations
      .filter((flow) => flow.status === "pending")
      .map((flow) => flow.expiresAt);
    if (record.secret === null) {
      wakes.push(...record.authorizations.map((flow) => flow.expiresAt + REMEMBER_ENDED_FLOWS));
    } else {
      wakes.push(nextWake(record.secret));
      if (!isIndexed(record, indexEntry(record.secret, now))) wakes.push(now + MINUTE);
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

function indexEntry(secret: Secret, now: number): IndexEntry {
  return { name: secret.name, state: stateOf(healthOf(secret, now).status) };
}

function isIndexed(record: ActorRecord | null, entry: IndexEntry): boolean {
  return record?.indexed?.name === entry.name && record.indexed.state === entry.state;
}
