/** The actor's stored record, and the only code here that touches `ctx.storage`. Decides nothing. */

import type { Sealed } from "../crypto/seal.ts";
import type { AuthClientId, AuthorizationId, SecretId, UserId, WorkspaceId } from "../domain/ids.ts";
import type { Reason } from "../domain/oauth2/response.ts";
import type { Secret } from "../domain/secret.ts";
import { EMPTY_TRAIL, type Trail } from "../domain/trail.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import type { Seen } from "../store/places.ts";
import type { IndexEntry } from "../store/secrets.ts";

/** Everything that one actor keeps, in one row. Described in docs/STORAGE.md. */
export interface ActorRecord {
  schema: 1;
  id: SecretId;
  workspaceId: WorkspaceId;
  /** What was around the workspace when the caller who made this was let in; the first records do not say. */
  seen?: Seen;
  /** Null while the first consent is under way. */
  secret: Secret | null;
  /** The grant of `secret.version`, sealed; for a type without tokens the credentials as they came. */
  grant: Sealed | null;
  /** The client as last seen, for the time when D1 does not answer. */
  client: SealedAuthClient | null;
  /** What the index in D1 is known to say; null: nothing. */
  indexed: IndexEntry | null;
  /** An import that is under way: nobody has been told of this secret yet, and it goes again if nobody will be. */
  unconfirmed: boolean;
  authorizations: Authorization[];
  /** What happened to it; the first records do not say. */
  trail?: Trail;
}

/** A consent flow (RFC 6749 4.1). Once it has ended, nothing secret is left of it. */
export interface Authorization {
  id: AuthorizationId;
  authClientId: AuthClientId;
  status: "pending" | "exchanging" | "completed" | "failed";
  reason: Reason | null;
  /** Whether it renews the consent of a secret that existed before. */
  renews: boolean;
  allowAccountChange: boolean;
  name: string;
  userId: UserId | null;
  scopes: string[];
  additionalParams: Record<string, string> | null;
  fields: Record<string, unknown> | null;
  returnUrl: string | null;
  createdAt: number;
  expiresAt: number;
  openings: Opening[];
  /** Who started it, where that was said. */
  startedBy?: string | undefined;
  /** The request that moved it last. */
  requestId?: string | undefined;
}

/** One browser in which the flow's connect_url was opened. */
export interface Opening {
  /** SHA-256 of `state`. */
  stateHash: string;
  /** SHA-256 of the token in that browser's cookie. */
  browserHash: string;
  /** The PKCE verifier, sealed for this `stateHash`. */
  verifier: Sealed;
  redirectUri: string;
}

/** Makes the record of an actor that knows nothing yet. */
export function blankRecord(ids: Pick<ActorRecord, "id" | "workspaceId">, seen: Seen | undefined): ActorRecord {
  return {
    schema: 1,
    id: ids.id,
    workspaceId: ids.workspaceId,
    seen: seen ?? null,
    secret: null,
    grant: null,
    client: null,
    indexed: null,
    unconfirmed: false,
    authorizations: [],
    trail: EMPTY_TRAIL,
  };
}

/** Where the record is kept. The real one is `DurableRecord`; a simulator brings its own. */
export interface RecordStorage {
  load(): ActorRecord | null;
  /**
   * Stores the record and, unless `alarmAt` is undefined, the alarm (null: none), in one transaction. Throws at once when the
   * record cannot be stored; the promise is for the alarm.
   */
  save(record: ActorRecord, alarmAt: number | null | undefined): Promise<void>;
  /** Sets the alarm if none is set. */
  ensureAlarm(alarmAt: number): Promise<void>;
  /** Removes everything, the alarm too. */
  erase(): Promise<void>;
}

const KEY = "record";
/** What the first records do not have, because it came later. */
const LATER_MEMBERS = {
  reported: null,
  refreshTokenExpiresAt: null,
  announcedDays: null,
  notBefore: null,
  renewedWith: null,
  mayBeCopied: false,
  scopes: null,
};
/** What is said with `renewedWith` since other grants are renewed too. */
type EarlierSecret = Secret & { hasRefreshToken?: boolean };
const LATER_OF_TROUBLE = { quickTries: 0, lostAt: null };

/** Keeps the record in a Durable Object's own SQLite database. */
export class DurableRecord implements RecordStorage {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  load(): ActorRecord | null {
    const stored = this.#storage.kv.get<ActorRecord>(KEY) ?? null;
    const record = stored && { ...stored, trail: stored.trail ?? EMPTY_TRAIL };
    if (record?.secret == null) return record;
    const { hasRefreshToken, ...secret }: EarlierSecret = record.secret;
    const { trouble } = secret;
    const known = {
      ...LATER_MEMBERS,
      ...(hasRefreshToken === true && { renewedWith: "refresh_token" as const }),
      ...secret,
      trouble: trouble && { ...LATER_OF_TROUBLE, ...trouble },
    };
    return { ...record, secret: known };
  }

  save(record: ActorRecord, alarmAt: number | null | undefined): Promise<void> {
    // No await between the two: they commit together.
    this.#storage.kv.put(KEY, record);
    if (alarmAt === undefined) return Promise.resolve();
    return alarmAt === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(alarmAt);
  }

  async ensureAlarm(alarmAt: number): Promise<void> {
    if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(alarmAt);
  }

  async erase(): Promise<void> {
    await this.#storage.deleteAll();
  }
}
