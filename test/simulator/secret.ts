/** One secret of a world: who issued it, what became of its requests, how its clock goes, and what happened last. Plain facts. */

import type { SecretId, WorkspaceId } from "../../src/domain/ids.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import type { Grant, Secret } from "../../src/domain/secret.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import type { SealedAuthClient } from "../../src/store/auth-clients.ts";
import type { Call } from "./call.ts";
import type { Host } from "./host.ts";
import type { Issued, Provider } from "./provider.ts";

/** One token request, and what became of it. */
export interface Exchange {
  readonly refreshToken: string;
  /** It carries the code of a consent in place of a refresh token. */
  readonly isCode: boolean;
  /** The version whose grant it spends. */
  readonly version: number;
  readonly sentAt: number;
  /** The process that sent it. */
  readonly process: number;
  fate: "in the air" | "heard" | "given up" | "lost with its process";
  /** How the answer was lost, if it was. */
  loss: string | null;
  /** What the provider issued for it. */
  issued: Issued | null;
  issuedAt: number | null;
  /** It came to the provider with a spent token, and the provider ended the family. */
  endedFamily: boolean;
  /** What the actor heard; and when it heard that, or died. */
  heard: Heard | null;
  endedAt: number | null;
  isStored: boolean;
}

/** A version of the grant, as it is stored. */
export interface StoredGrant {
  readonly version: number;
  readonly storedAt: number;
  /** The request that brought it; null: somebody brought it. */
  readonly exchange: Exchange | null;
  /** Its access token was over when it arrived. */
  readonly isOverOnArrival: boolean;
  /** When its renewal first asked for its turn. */
  firstAttemptAt: number | null;
  /** When the journal that is open was written. */
  journalAt: number;
  /** A process died while its journal was open. */
  wasInterrupted: boolean;
  /** How late the platform's alarms were meanwhile, together. */
  alarmLateMs: number;
}

/** Something that happened to a secret, and how often in a row. */
export interface Happening {
  at: number;
  what: string;
  times: number;
  until: number;
}

const TRACE_LENGTH = 80;
/** The longest that a request can be on its way and in its provider's hands. */
const LONGEST_WAY_MS = 180_000;

export class SimulatedSecret {
  readonly number: number;
  readonly id: SecretId;
  readonly workspaceId = "w" as WorkspaceId;
  readonly provider: Provider;
  client: SealedAuthClient;
  readonly host: Host;
  /** The last requests, the newest last. */
  readonly exchanges: Exchange[] = [];
  /** Refresh tokens that somebody brought: by an import, a PATCH or a consent. */
  readonly brought = new Set<string>();
  /** When a fault last struck it. */
  disturbedAt = Number.NEGATIVE_INFINITY;
  /** How far its actor's clock is ahead, in milliseconds. */
  clockOffset = 0;
  clockSteppedAt = Number.NEGATIVE_INFINITY;
  /** Its clock was wrong by more than the skew that is promised to be harmless, and a grant of that time may still be stored. */
  isClockOff = false;
  /** When such a clock goes right again. */
  clockBackAt = Number.NEGATIVE_INFINITY;
  /** Whoever created it has been told that it is there. */
  isSettled = false;
  /** It was erased, and its caller told so. */
  isGone = false;
  readonly gone: Promise<void>;
  /** Until when nothing can be written, and nothing opened. */
  writesFailUntil = Number.NEGATIVE_INFINITY;
  sealedUntil = Number.NEGATIVE_INFINITY;
  /** When D1 last kept it waiting. */
  databaseStruckAt = Number.NEGATIVE_INFINITY;
  /** The grant that is stored: where it came from and when its renewal is due. */
  grant: StoredGrant | null = null;
  /** How many consent flows it has had. */
  flows = 0;
  /** How often somebody came. */
  visits = 0;
  /** Calls that wait for their answer. */
  readonly calls = new Set<Call>();
  /** When a renewal was last planned, and when somebody last had need of one. */
  plannedAt = Number.NEGATIVE_INFINITY;
  neededAt = Number.NEGATIVE_INFINITY;
  /** When an alarm was set that came late. */
  lateAlarmAt = Number.NEGATIVE_INFINITY;
  writeRefusedAt = Number.NEGATIVE_INFINITY;
  #whenGone: () => void = () => undefined;
  #opened: { sealed: string; grant: Grant } | null = null;
  readonly #trace: Happening[] = [];

  constructor(
    number: number,
    provider: Provider,
    client: SealedAuthClient,
    makeHost: (secret: SimulatedSecret) => Host,
  ) {
    this.number = number;
    this.id = `s${number}` as SecretId;
    this.provider = provider;
    this.client = client;
    this.host = makeHost(this);
    this.gone = new Promise((resolve) => (this.#whenGone = resolve));
  }

  /** Its end: it was erased, and its caller told so. */
  leave(): void {
    this.isGone = true;
    this.#whenGone();
  }

  /** What is stored of it; null: it is not there. */
  get stored(): Secret | null {
    return this.host.stored?.secret ?? null;
  }

  /** The refresh token that is stored; the simulated seal hides nothing. */
  get refreshToken(): string | null {
    return this.opened(this.host.stored)?.refresh_token ?? null;
  }

  /** Opens what a record of it holds; null: nothing. */
  opened(record: ActorRecord | null): Grant | null {
    if (record?.grant == null) return null;
    if (this.#opened?.sealed !== record.grant) {
      this.#opened = { sealed: record.grant, grant: (JSON.parse(record.grant) as [string, Grant])[1] };
    }
    return this.#opened.grant;
  }

  /** Sets the clock of its actor. */
  setClock(now: number, offset: number): void {
    this.clockOffset = Math.round(offset);
    this.clockSteppedAt = now;
    this.note(now, `the clock is set to ${(offset / 1000).toFixed(1)} s ahead`);
  }

  note(at: number, what: string): void {
    const last = this.#trace.at(-1);
    if (last?.what === what) {
      last.until = at;
      last.times += 1;
      return;
    }
    this.#trace.push({ at, what, times: 1, until: at });
    if (this.#trace.length > 2 * TRACE_LENGTH) this.#trace.splice(0, TRACE_LENGTH);
  }

  /** The last that happened, one line each. */
  trace(lines = TRACE_LENGTH): readonly Happening[] {
    return this.#trace.slice(-lines);
  }

  /** The last refresh that was sent. */
  get lastRefresh(): Exchange | undefined {
    return this.exchanges.findLast((each) => !each.isCode);
  }

  add(exchange: Exchange): void {
    this.exchanges.push(exchange);
  }

  /** Forgets requests of earlier grants, but for those that may still be on their way, or whose answer may still matter. */
  forgetExchanges(version: number, now: number): void {
    const matters = (each: Exchange) => each.endedFamily || (each.version >= version - 2 && each.issued !== null);
    const kept = this.exchanges.filter((each) => now - each.sentAt < LONGEST_WAY_MS || matters(each));
    this.exchanges.splice(0, this.exchanges.length, ...kept);
  }
}
