/**
 * A server whose providers turn hostile, all of them at once and in every way, beside some that go on to mean well; and what
 * everybody noticed of it: who reads valid tokens, who waits for a new one, who has nothing to do with it. Runs in Node.
 */

import { setTimeout as pause } from "node:timers/promises";
import { type HostileProvider, HOSTILITIES, SLOW, type Visit, WELL_MEANT } from "./hostile-provider.ts";
import { forgetPeaks, memoryOf, runs } from "./process-memory.ts";
import type { ServerProcess } from "./server-process.ts";

const SECOND = 1000;
const HOUR_SECONDS = 3600;
/** How many secrets each way has that are refreshed at once. */
export const SECRETS = 20;
/** How many each way has whose alarms ring while they are read. */
export const LEADING = 2;
const READERS = 4;
const BREATH_MS = 10;
const CALM_MS = 6 * SECOND;
/** Between those of one way and those of the next. */
const REST_MS = 400;
/** The longest request takes 40 s, and this is a little more. */
const SIEGE_MS = 42 * SECOND;
/** Of a token of 48 s: its alarm rings after 24, its readers wait for the next one after 38. */
const [LEADING_SECONDS, LEAD_ENDS_MS] = [48, 37 * SECOND];
const LOST_MS = 15 * SECOND;

/** A secret with tokens that were imported. */
interface Held {
  path: string;
  behaviour: string;
  refreshToken: string;
  importedAt: number;
  /** When its alarm rings. */
  dueAt: number;
  version: number;
}

/** One call, and what came of it. */
export interface Sample {
  behaviour: string;
  ms: number;
  status: number;
  retryAfter: string | null;
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

/** One line of the server's log that tells of a refresh. */
export interface RefreshLine {
  secret_id: string;
  behaviour: string;
  outcome: string;
  reason: string | null;
  duration_ms: number;
}

export class Siege {
  /** Reads of valid tokens: while each is refreshed and providers mean well, while they do not, and after the alarm has rung. */
  readonly reads: Record<"calm" | "besieged" | "leading", Sample[]> = { calm: [], besieged: [], leading: [] };
  /** Reads of tokens that have expired. */
  readonly expired: Sample[] = [];
  /** Manual refreshes at the providers that go on to mean well. */
  readonly renewals: Record<"calm" | "besieged", Sample[]> = { calm: [], besieged: [] };
  /** How late the alarms were for those, in milliseconds. */
  readonly lateness: Record<"calm" | "besieged", number[]> = { calm: [], besieged: [] };
  /** What workerd held before, and the most that it held since the entry before, in MiB. */
  readonly memory: { what: string; before: number; peak: number }[] = [];
  /** How the besieged secrets are in the end. */
  readonly after: Sample[] = [];
  /** Milliseconds since the epoch. */
  turnedAt = 0;
  readonly #server: ServerProcess;
  readonly #provider: HostileProvider;
  readonly #key: string;
  readonly #clients = new Map<string, string>();
  readonly #behaviours = new Map<string, string>();

  constructor(server: ServerProcess, provider: HostileProvider) {
    this.#server = server;
    this.#provider = provider;
    this.#key = server.rootKey;
  }

  /** Goes through all of it, in about a minute. */
  async run(): Promise<void> {
    for (const behaviour of [...HOSTILITIES, ...WELL_MEANT]) await this.#register(behaviour);
    const besieged = await this.#import(HOSTILITIES, SECRETS, HOUR_SECONDS);
    const others = await this.#import(WELL_MEANT, 4, HOUR_SECONDS);
    const due = await this.#import(WELL_MEANT, 4, 10);
    const calm = AbortSignal.timeout(CALM_MS);
    await Promise.all([
      this.#read(besieged, this.reads.calm, calm),
      this.#renew(others, this.renewals.calm, calm),
      this.#measureLateness(due, this.lateness.calm),
      ...(await this.#refreshAll(besieged)),
    ]);

    this.#provider.turnHostile();
    this.turnedAt = Date.now();
    const over = AbortSignal.timeout(SIEGE_MS);
    const work: Promise<unknown>[] = [
      this.#read(besieged, this.reads.besieged, over),
      this.#renew(others, this.renewals.besieged, over),
    ];
    const whole = this.#weigh("all of it");
    work.push(...(await this.#refreshAll(besieged, (what) => this.#weigh(what))));
    work.push(this.#readExpired(await this.#import(HOSTILITIES, 1, 4)));
    work.push(this.#readLeading(await this.#import(HOSTILITIES, LEADING, LEADING_SECONDS)));
    work.push(this.#measureLateness(await this.#import(WELL_MEANT, 4, 24), this.lateness.besieged));
    await Promise.all(work);
    whole();
    this.after.push(...(await Promise.all(besieged.map((held) => this.#sample(held, "GET", held.path)))));
  }

  /** What the server wrote of its refreshes. */
  refreshes(): RefreshLine[] {
    const lines = this.#server.output.split("\n").filter((line) => line.includes('"kind":"refresh"'));
    return lines.map((line) => {
      const refresh = JSON.parse(line);
      return { ...refresh, behaviour: this.#behaviours.get(refresh.secret_id) };
    });
  }

  /** Has all of them refreshed, those of one way at once, and those first that take longest. Gives the requests. */
  async #refreshAll(besieged: Held[], weigh: (what: string) => () => void = () => () => {}): Promise<Promise<void>[]> {
    const work: Promise<void>[] = [];
    const send = async (what: string, held: Held[]) => {
      const weighed = weigh(what);
      work.push(...held.map((each) => this.#refresh(each)));
      await pause(REST_MS);
      weighed();
    };
    for (const behaviour of [...SLOW, ...HOSTILITIES.filter((each) => !SLOW.includes(each))]) {
      const [first, ...others] = besieged.filter((held) => held.behaviour === behaviour);
      if (first !== undefined && behaviour === "sends a gigabyte") await send(`${behaviour}, once`, [first]);
      else if (first !== undefined) others.push(first);
      await send(behaviour, others);
    }
    return work;
  }

  /** Begins to weigh workerd, and gives what ends it. */
  #weigh(what: string): () => void {
    const workerd = this.#server.processes().filter((pid) => runs(pid, "workerd"));
    const before = memoryOf(workerd).now;
    forgetPeaks(workerd);
    return () => this.memory.push({ what, before, peak: memoryOf(workerd).peak });
  }

  async #refresh(held: Held): Promise<void> {
    const { body } = await this.#call("POST", `${held.path}/refresh?rejected_version=${held.version}`);
    if (body.data !== undefined) held.version = body.data.attributes.version;
  }

  async #read(held: Held[], into: Sample[], over: AbortSignal): Promise<void> {
    const inTurn = around(held);
    const read = async () => {
      for (const one of inTurn) {
        if (over.aborted) return;
        into.push(await this.#sample(one, "GET", `${one.path}/token`));
        await pause(BREATH_MS);
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
  }

  /** Reads while the refreshes that the alarms began are under way. */
  async #readLeading(held: Held[]): Promise<void> {
    await pause(Math.max(...held.map(({ dueAt }) => dueAt)) - Date.now());
    const ends = Math.min(...held.map(({ importedAt }) => importedAt)) + LEAD_ENDS_MS;
    await this.#read(held, this.reads.leading, AbortSignal.timeout(ends - Date.now()));
  }

  async #readExpired(held: Held[]): Promise<void> {
    await pause(5 * SECOND);
    const reads = held.map((each) => this.#sample(each, "GET", `${each.path}/token`));
    this.expired.push(...(await Promise.all(reads)));
  }

  async #renew(held: Held[], into: Sample[], over: AbortSignal): Promise<void> {
    for (const one of around(held)) {
      if (over.aborted) return;
      into.push(await this.#sample(one, "POST", `${one.path}/refresh?rejected_version=${one.version++}`));
      await pause(20 * BREATH_MS);
    }
  }

  /** Notes when the provider saw the refreshes of these alarms. */
  async #measureLateness(held: Held[], into: number[]): Promise<void> {
    const last = Math.max(...held.map(({ dueAt }) => dueAt)) + LOST_MS;
    const visitOf = ({ refreshToken }: Held): Visit | undefined =>
      this.#provider.visits.find((visit) => visit.refreshToken === refreshToken);
    while (Date.now() < last && held.some((each) => visitOf(each) === undefined)) await pause(10 * BREATH_MS);
    into.push(...held.map((each) => (visitOf(each)?.at ?? Number.POSITIVE_INFINITY) - each.dueAt));
  }

  async #sample(held: Held, method: string, path: string): Promise<Sample> {
    const startedAt = performance.now();
    const answer = await this.#call(method, path);
    return { behaviour: held.behaviour, ms: performance.now() - startedAt, ...answer };
  }

  async #call(method: string, path: string, body?: object): Promise<Omit<Sample, "behaviour" | "ms">> {
    const response = await fetch(this.#server.url + path, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const { status, headers } = response;
    const text = await response.text();
    // What is not JSON is not of the service: the server is gone.
    if (!headers.get("content-type")?.includes("json")) throw new Error(`${method} ${path}: ${status} ${text}`);
    return { status, retryAfter: headers.get("retry-after"), body: JSON.parse(text) };
  }

  async #register(behaviour: string): Promise<void> {
    const uri = this.#provider.uriOf(behaviour);
    const credentials = { client_id: "a", client_secret: "b", auth_uri: uri, token_uri: uri, refresh_token_uri: uri };
    const attributes = { type: "oauth2", name: behaviour, credentials };
    const { body } = await this.#call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } });
    this.#clients.set(behaviour, body.data.id);
  }

  /** Imports tokens with this long to live, as many for each behaviour. */
  async #import(behaviours: readonly string[], each: number, seconds: number): Promise<Held[]> {
    const made: Held[] = [];
    for (const behaviour of behaviours) {
      made.push(...(await Promise.all(Array.from({ length: each }, () => this.#importOne(behaviour, seconds)))));
    }
    return made;
  }

  async #importOne(behaviour: string, seconds: number): Promise<Held> {
    const importedAt = Date.now();
    const refreshToken = crypto.randomUUID();
    const credentials = { access_token: "a", refresh_token: refreshToken, expires_in: seconds };
    const { body } = await this.#call("POST", "/v2/workspaces/besieged/secrets", {
      data: {
        type: "auth-secret",
        attributes: { name: "x", credentials },
        relationships: { auth_client: { data: { id: this.#clients.get(behaviour), type: "auth-client" } } },
      },
    });
    const { id, links, attributes } = body.data;
    this.#behaviours.set(id, behaviour);
    const dueAt = Date.parse(attributes.health.next_refresh_at);
    return { path: links.self, behaviour, refreshToken, importedAt, dueAt, version: 1 };
  }
}

/** Goes through all of them again and again. */
function* around<T>(all: T[]): Generator<T, void> {
  for (;;) yield* all;
}
