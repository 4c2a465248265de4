/** A world for the actor's logic in which a test decides when D1 and the provider answer, and what time it is. */

import { parseKeyring } from "../../src/crypto/keyring.ts";
import { cipherOf } from "../../src/crypto/seal.ts";
import { digest } from "../../src/domain/digest.ts";
import type { EventBatch } from "../../src/domain/events.ts";
import type { AuthClientId, SecretId, WorkspaceId } from "../../src/domain/ids.ts";
import type { Admission, Outcome } from "../../src/domain/provider-budget.ts";
import type { SecretName, StatedRegistration } from "../../src/domain/oauth2/registration.ts";
import type { TokenRequest } from "../../src/domain/oauth2/request.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import type { SecretView } from "../../src/domain/secret.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import type { Content, NewSecret } from "../../src/secret-actor/door.ts";
import type { Ports } from "../../src/secret-actor/ports.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import type { Revocation, Revoked } from "../../src/outbound/revocation.ts";
import type { SealedAuthClient } from "../../src/store/auth-clients.ts";
import type { LogLine } from "../../src/telemetry.ts";

export const T0 = Date.parse("2026-01-01T00:00:00Z");

const keyring = parseKeyring('{"keys":[{"kty":"oct","kid":"k","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}');

/** Answers a call when the test says so. */
export class Gate<T> {
  readonly opened: Promise<T>;
  open!: (value: T) => void;
  fail!: (error: Error) => void;

  constructor() {
    this.opened = new Promise((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
  }
}

/** Lets everything run that waits for nothing but its turn, for so many turns. */
export async function settle(most = 50): Promise<void> {
  for (let turns = 0; turns < most; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
}

export class FakeWorld implements Ports {
  time = T0;
  stored: ActorRecord | null = null;
  alarm: number | null = null;
  /** Every alarm that was set, in order. */
  alarms: number[] = [];
  index = new Map<string, string>();
  lines: LogLine[] = [];
  /** What the next token requests hear; the last one repeats. */
  answers: (() => Promise<Heard>)[] = [];
  requests = 0;
  /** As the platform counts: the record is one, each alarm that is set another. */
  rowsWritten = 0;
  indexWrites = 0;
  /** What the budget answers; the last one repeats. */
  admissions: (() => Promise<Admission>)[] = [async () => ({ kind: "go" })];
  /** How often the budget was asked, and what it was told afterwards. */
  asked = 0;
  told: Outcome[] = [];
  copiesDropped = 0;
  client: () => Promise<SealedAuthClient | null> = async () => this.sealedClient;
  put: () => Promise<void> = async () => {};
  remove: () => Promise<void> = async () => {};
  beforeSave: () => void = () => {};
  beforeErase: () => void = () => {};
  /** Whether calls that do not settle soon run into their time limit. */
  isImpatient = false;
  sealedClient!: SealedAuthClient;

  static async create(): Promise<FakeWorld> {
    const world = new FakeWorld();
    world.sealedClient = {
      id: "client" as AuthClientId,
      place: { level: "global" },
      type: "oauth2",
      name: "x",
      components: [],
      provider: null,
      issuer: null,
      grantType: "authorization_code",
      refreshLeadSeconds: 60,
      refreshJitterSeconds: 0,
      version: 1,
      createdAt: T0,
      credentials: "",
    };
    await world.register({});
    return world;
  }

  /** Registers the client anew, as the next version of it, with what is stated here besides. */
  async register(stated: Partial<StatedRegistration>): Promise<void> {
    const credentials = {
      client_id: "c",
      client_secret: "s",
      auth_uri: "https://p.example/a",
      token_uri: "https://p.example/t",
      refresh_token_uri: "https://p.example/t",
      ...stated,
    };
    const version = this.sealedClient.credentials === "" ? 1 : this.sealedClient.version + 1;
    this.sealedClient = {
      ...this.sealedClient,
      version,
      grantType: stated.grant_type ?? "authorization_code",
      credentials: await this.cipher.seal(["global", "auth-client", "client", "credentials", version], credentials),
    };
  }

  readonly storage: Ports["storage"] = {
    load: () => this.stored,
    save: (record, alarmAt) => {
      this.beforeSave();
      this.rowsWritten += alarmAt === undefined ? 1 : 2;
      this.stored = structuredClone(record);
      if (alarmAt !== undefined) this.#setAlarm(alarmAt);
      return Promise.resolve();
    },
    ensureAlarm: async (alarmAt) => {
      if (this.alarm === null) this.#setAlarm(alarmAt);
    },
    erase: async () => {
      this.beforeErase();
      this.stored = null;
      this.alarm = null;
    },
  };

  /** Lets the next journal be stored, and then not the outcome: so often, or for good. */
  breakOutcomes(times = Number.POSITIVE_INFINITY): void {
    let saves = 0;
    this.beforeSave = () => {
      saves += 1;
      if (saves >= 2 && saves < 2 + times) throw new Error("storage is broken");
    };
  }

  #setAlarm(alarmAt: number | null): void {
    this.alarm = alarmAt;
    if (alarmAt !== null) this.alarms.push(alarmAt);
  }

  readonly now = (): number => this.time;
  readonly random = (): number => 0.5;
  readonly cipher = cipherOf(() => keyring);
  readonly digest = digest;
  readonly keepAlive = (promise: Promise<unknown>): void => void promise.catch(() => undefined);
  readonly log = (line: LogLine): void => void this.lines.push(line);
  /** Waiting for time alone ends at once with the clock moved; so does waiting for what never comes, when `isImpatient`. */
  readonly waitFor = async (promise: Promise<unknown> | null, timeoutMs: number): Promise<void> => {
    if (promise !== null && !this.isImpatient) await promise;
    else if (promise === null) {
      await settle(5);
      this.time += timeoutMs;
    } else {
      const gaveUp = await Promise.race([promise.then(() => false), settle().then(() => true)]);
      if (gaveUp) this.time += timeoutMs;
    }
  };
  readonly findAuthClient = (): Promise<SealedAuthClient | null> => this.client();
  hear: (request: TokenRequest) => void = () => {};
  /** How long each request may take. */
  timeouts: number[] = [];
  readonly sendTokenRequest = async (request: TokenRequest, timeoutMs: number): Promise<Heard> => {
    this.requests += 1;
    this.timeouts.push(timeoutMs);
    this.hear(request);
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (answer === undefined) throw new Error("no answer was prepared");
    return await answer();
  };
  /** Which of its secrets the client's provider took, as far as it was noted. */
  noted: SecretName[] = [];
  readonly noteSecretInUse: Ports["noteSecretInUse"] = async (_, name) => void this.noted.push(name);
  /** What was to be taken back, for how long at most, and what comes of it. */
  revocations: { revocation: Revocation; timeoutMs: number }[] = [];
  revoked: () => Promise<Revoked> = async () => ({ outcome: "revoked", reason: null });
  readonly revokeTokens: Ports["revokeTokens"] = async (revocation, timeoutMs) => {
    this.revocations.push({ revocation, timeoutMs });
    return await this.revoked();
  };
  readonly budget: Ports["budget"] = {
    enter: async () => {
      this.asked += 1;
      const admission = this.admissions.length > 1 ? this.admissions.shift() : this.admissions[0];
      if (admission === undefined) throw new Error("no admission was prepared");
      return await admission();
    },
    leave: async (_, outcome) => void this.told.push(outcome),
  };
  readonly putIndexEntry: Ports["putIndexEntry"] = async ({ id }, { state }) => {
    this.indexWrites += 1;
    await this.put();
    this.index.set(id, state);
  };
  /** What the trail was told, and how it takes that. */
  trail: EventBatch[] = [];
  takesEvents: () => Promise<void> = async () => {};
  readonly tell: Ports["tell"] = async (batch) => {
    await this.takesEvents();
    this.trail.push(structuredClone(batch));
  };
  readonly dropCopies: Ports["dropCopies"] = async () => void (this.copiesDropped += 1);

  readonly deleteIndexEntry: Ports["deleteIndexEntry"] = async (id) => {
    await this.remove();
    this.index.delete(id);
  };
}

/** A grant as the provider would answer now, with the tokens of this number. */
export function granted(world: FakeWorld, number: number, seconds = 3600): Heard {
  return {
    kind: "granted",
    issuedAt: world.time,
    expiresAt: world.time + seconds * 1000,
    grant: {
      access_token: `access-${number}`,
      token_type: "Bearer",
      refresh_token: `refresh-${number}`,
      scope: null,
      undefined_params: {},
      subject: null,
    },
  };
}

/** An import of tokens that live for an hour. */
export function imported(
  world: FakeWorld,
  changes: Partial<NewSecret> = {},
  tokens: Partial<Content & { kind: "token" }> = {},
): NewSecret {
  return {
    requestId: "r",
    id: "s1" as SecretId,
    workspaceId: "w" as WorkspaceId,
    userId: null,
    name: "x",
    client: world.sealedClient,
    reported: null,
    content: {
      kind: "token",
      accessToken: "access-1",
      tokenType: "Bearer",
      refreshToken: "refresh-1",
      scope: null,
      expiresIn: 3600,
      expiresAt: null,
      additionalParams: undefined,
      fields: undefined,
      ...tokens,
    },
    ...changes,
  };
}

/** The access token that a view holds. */
export function accessTokenOf({ credentials }: SecretView): string | null {
  return credentials.kind === "token" ? credentials.accessToken : null;
}

/** A keeper of one secret whose token expires in an hour, at a provider that grants the next. */
export async function newKeeper(): Promise<{ world: FakeWorld; keeper: SecretKeeper }> {
  const world = await FakeWorld.create();
  const keeper = new SecretKeeper(world);
  await keeper.create(imported(world));
  world.answers = [async () => granted(world, 2)];
  return { world, keeper };
}
