/**
 * A server with its secrets that is killed at a random moment, started again, and watched until every secret has come to rest.
 * What of it is right and what is wrong is for the test to say.
 */

import { EventEmitter, once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { vi } from "vitest";
import { ChaosSecret, type Way } from "./chaos-secret.ts";
import { lostItsAnswer, type Phase, phaseAtKill, type Run, wordCalls } from "./kill-record.ts";
import type { OpenIdProvider } from "./openid-provider.ts";
import { SeededRandom } from "./seeded-random.ts";
import { ServerProcess } from "./server-process.ts";

const SECRETS = 16;
const WAYS: Way[] = ["alarm", "read", "manual"];
const AT_REST = { timeout: 60_000, interval: 50 };
/** A server that needed longer to come back is not killed a second time: the reuse window would be over before it is back again. */
const QUICK_START_MS = 9000;

/** What became of one secret in one round. */
export interface Fate {
  round: number;
  reuseWindowSeconds: number;
  /** At each kill. */
  phases: (Phase | null)[];
  /** By the provider's record, an answer was lost that held the only way on, and came no second time. */
  hadToBeLost: boolean;
  /** By the server, a person has to connect it again, for this reason. */
  lostBecause: string | null;
  /** For whoever has to find out why. */
  story: string;
}

/** One SIGKILL, and the secrets for which a refresh was due. */
interface Kill {
  run: Run;
  due: Set<ChaosSecret>;
}

export class ChaosLane {
  readonly secrets: ChaosSecret[] = [];
  /** Who started the refreshes, in the server's own words. */
  readonly triggers: string[] = [];
  readonly #provider: OpenIdProvider;
  readonly #home: string;
  readonly #seed: string;
  readonly #random: SeededRandom;
  readonly #events = new EventEmitter();
  readonly #versions = new Map<ChaosSecret, number>();
  #server!: ServerProcess;
  #startedAt = 0;

  constructor(provider: OpenIdProvider, home: string, seed: string) {
    this.#provider = provider;
    this.#home = home;
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
  }

  /** Starts the server and imports the secrets, every second from a client that has this reuse window. */
  async open(reuseWindowSeconds: number): Promise<void> {
    await this.#start();
    for (let index = 0; index < SECRETS; index += 1) {
      const random = new SeededRandom(`${this.#seed}/${index}`);
      const window = index % 2 === 0 ? reuseWindowSeconds : 0;
      this.secrets.push(await ChaosSecret.create(this.#provider, this.#server, random, window));
    }
  }

  async close(): Promise<void> {
    await this.#server.kill();
  }

  /** Hears that the provider has answered a request, and makes up how long the next one takes. */
  hearAnswer(clientId: string): void {
    const secret = this.secrets.find((each) => each.clientId === clientId);
    if (secret === undefined) return;
    secret.delayNext();
    this.#events.emit("answer");
  }

  /** Refreshes come about in every way, a kill falls among them, in some rounds a second one, and all comes to rest. */
  async round(number: number): Promise<Fate[]> {
    this.secrets.forEach((secret, index) => secret.use(WAYS[(index + number) % WAYS.length] ?? "alarm"));
    const kills = [await this.#killAt(this.#anyMoment())];
    const { startedAt, readyAt } = await this.#start();
    if (number % 5 === 4 && readyAt - startedAt < QUICK_START_MS) {
      // In the middle of its recovery.
      kills.push(await this.#killAt(pause(this.#random.between(0, 2500))));
      await this.#start();
    }

    // In every second round nobody asks: what recovers does so by itself.
    const endAsking = number % 2 === 0 ? null : this.#letAsk();
    await vi.waitFor(() => {
      const restless = this.secrets.filter((secret) => !secret.isAtRestSince(this.#startedAt));
      if (restless.length === 0) return;
      throw new Error(`No rest:\n${restless.map(({ way, calls }) => `${way}\n${storyOf(calls, kills)}`).join("\n\n")}`);
    }, AT_REST);
    await endAsking?.();
    return await Promise.all(this.secrets.map((secret) => this.#fateOf(secret, number, kills)));
  }

  async #start(): Promise<{ startedAt: number; readyAt: number }> {
    this.#startedAt = Date.now();
    this.#server = await ServerProcess.start(this.#home);
    return { startedAt: this.#startedAt, readyAt: Date.now() };
  }

  /** Lets people and steps ask for refreshes, until the function that it returns is called. */
  #letAsk(): () => Promise<void> {
    const over = new AbortController();
    const asking = this.secrets.map((secret) =>
      secret.keepAsking(this.#server, over.signal, () => this.#events.emit("question")),
    );
    return async () => {
      over.abort();
      await Promise.all(asking);
    };
  }

  async #killAt(moment: Promise<unknown>): Promise<Kill> {
    const endAsking = this.#letAsk();
    await moment;
    const run = { startedAt: this.#startedAt, killedAt: Date.now() };
    const due = new Set(this.secrets.filter((secret) => secret.isDueAt(run.killedAt)));
    await this.#server.kill();
    await endAsking();
    const refreshes = this.#server.output.matchAll(/"kind":"refresh","trigger":"(\w+)"/g);
    this.triggers.push(...Array.from(refreshes, ([, trigger = ""]) => trigger));
    return { run, due };
  }

  /** Any moment; or, since those are short, one shortly after an answer of the provider, or after somebody asked for a refresh. */
  async #anyMoment(): Promise<void> {
    await pause(this.#random.between(500, 1500));
    const event = [null, "answer", "question"][this.#random.between(0, 2)];
    if (event == null) return;
    await once(this.#events, event);
    await pause(this.#random.between(0, 20));
  }

  async #fateOf(secret: ChaosSecret, round: number, kills: Kill[]): Promise<Fate> {
    const before = this.#versions.get(secret) ?? 1;
    const { version, health } = await vi.waitFor(async () => {
      const found = await secret.read(this.#server);
      if (found.health.status === "needs_reauthorization" || found.version > before) return found;
      throw new Error(`Neither renewed nor lost:\n${JSON.stringify(found)}\n${storyOf(secret.calls, kills)}`);
    }, AT_REST);
    this.#versions.set(secret, version);

    const isLost = health.status === "needs_reauthorization";
    const fate = {
      round,
      reuseWindowSeconds: secret.reuseWindowSeconds,
      phases: kills.map(({ run, due }) => phaseAtKill(secret.calls, run, due.has(secret))),
      hadToBeLost: kills.some(({ run }) => lostItsAnswer(secret.calls, run)),
      lostBecause: isLost ? (health.reason ?? "no reason") : null,
      story: storyOf(secret.calls, kills),
    };
    if (isLost) await secret.reconnect(this.#server);
    return fate;
  }
}

function storyOf(calls: ChaosSecret["calls"], kills: Kill[]): string {
  return kills.map(({ run }) => wordCalls(calls, run)).join("\n\n");
}
