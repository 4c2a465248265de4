/**
 * One secret of the chaos test: a client and a grant of its own at the provider, so that the provider counts its requests apart, and
 * those who ask for its refreshes. It decides nothing.
 */

import { setTimeout as pause } from "node:timers/promises";
import type { OpenIdProvider } from "./openid-provider.ts";
import type { TokenCall } from "./provider-contract.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { ServerProcess } from "./server-process.ts";

/** Who comes first when a refresh is due. With each goes the lifetime of tokens that lets it be first. */
export const WAYS = {
  /** Due after a second. */
  alarm: { lifetime: 2 },
  /** A reader who wants three seconds left waits for a refresh after one; the alarm rings after two. */
  read: { lifetime: 4 },
  /** Somebody asks whenever it comes to mind; the alarm rings after three. */
  manual: { lifetime: 6 },
};
export type Way = keyof typeof WAYS;

const LONGEST_DELAY_MS = 300;

export class ChaosSecret {
  way: Way = "alarm";
  readonly clientId: string;
  readonly reuseWindowSeconds: number;
  readonly #path: string;
  readonly #provider: OpenIdProvider;
  readonly #random: SeededRandom;
  /** Since when somebody waits for an answer. */
  #askedAt: number | null = null;
  #version = 1;

  private constructor(
    provider: OpenIdProvider,
    random: SeededRandom,
    facts: { clientId: string; reuseWindowSeconds: number; path: string },
  ) {
    this.#provider = provider;
    this.#random = random;
    this.clientId = facts.clientId;
    this.reuseWindowSeconds = facts.reuseWindowSeconds;
    this.#path = facts.path;
    this.delayNext();
  }

  /** Imports a new grant of a new client into the server. */
  static async create(
    provider: OpenIdProvider,
    server: ServerProcess,
    random: SeededRandom,
    reuseWindowSeconds: number,
  ): Promise<ChaosSecret> {
    const registration = await provider.registerClient({
      redirect_uris: [server.url],
      access_token_seconds: WAYS.alarm.lifetime,
      reuse_window_seconds: reuseWindowSeconds,
    });
    const uris = { auth_uri: provider.authUri, token_uri: provider.tokenUri, refresh_token_uri: provider.tokenUri };
    const credentials = { ...registration, ...uris };
    const client = await server.call("POST", "/v2/auth-clients", {
      data: { type: "auth-client", attributes: { type: "oauth2", name: "x", credentials } },
    });
    const clientId = registration.client_id;
    const secret = await server.call("POST", "/v2/workspaces/w/secrets", {
      data: {
        type: "auth-secret",
        attributes: {
          name: "x",
          credentials: { ...(await provider.mintGrant(clientId)), expires_in: WAYS.alarm.lifetime },
        },
        relationships: { auth_client: { data: { id: client.body.data.id, type: "auth-client" } } },
      },
    });
    if (secret.status !== 201) throw new Error(JSON.stringify(secret.body));
    return new ChaosSecret(provider, random, { clientId, reuseWindowSeconds, path: secret.body.data.links.self });
  }

  /** What the provider knows of it. */
  get calls(): TokenCall[] {
    return this.#provider.calls(this.clientId).token_requests;
  }

  get mostInFlight(): number {
    return this.#provider.calls(this.clientId).most_in_flight;
  }

  /** Lets refreshes come about in another way from now on. */
  use(way: Way): void {
    this.way = way;
    this.#provider.changeClient(this.clientId, { access_token_seconds: WAYS[way].lifetime });
  }

  /** Makes the provider take its time with the next request, before it processes it and after. */
  delayNext(): void {
    this.#provider.setFault(this.clientId, {
      grant_type: "refresh_token",
      hold_ms: this.#random.between(0, LONGEST_DELAY_MS),
      delay_ms: this.#random.between(0, LONGEST_DELAY_MS),
    });
  }

  /** Decides whether a refresh should be under way at this moment: the alarm is due, or somebody waits. */
  isDueAt(now: number): boolean {
    const last = this.calls.at(-1);
    if (this.way === "manual") return this.#askedAt !== null && Date.parse(last?.at ?? "") < this.#askedAt;
    if (this.way === "read") return this.#askedAt !== null && Date.parse(last?.at ?? "") < now - 1000;
    return Date.parse(last?.answered_at ?? "") < now - 1000;
  }

  /** Asks again and again, as this round's way wants it, until the server is gone or `signal` says so. `onAsk` hears of each refresh. */
  async keepAsking(server: ServerProcess, signal: AbortSignal, onAsk: () => void): Promise<void> {
    try {
      while (!signal.aborted && this.way !== "alarm") {
        await pause(this.way === "read" ? this.#random.between(50, 250) : this.#random.between(200, 1200));
        if (!signal.aborted) await this.#ask(server, onAsk);
      }
    } catch {
      // The server was killed.
    }
  }

  async #ask(server: ServerProcess, onAsk: () => void): Promise<void> {
    this.#askedAt = Date.now();
    if (this.way === "read") {
      await server.call("GET", `${this.#path}/token?min_ttl=3`);
    } else {
      onAsk();
      const { status, body } = await server.call("POST", `${this.#path}/refresh?rejected_version=${this.#version}`);
      if (status === 200) this.#version = body.data.attributes.version;
    }
    this.#askedAt = null;
  }

  /** Decides, by the provider's record alone, whether it came to rest after that: a refresh succeeded, or its token was refused twice. */
  isAtRestSince(instant: number): boolean {
    const after = this.calls.filter(({ at }) => Date.parse(at) >= instant);
    if (after.some(({ status }) => status === 200)) return true;
    const refused = this.calls.filter(({ status }) => status === 400).map((call) => call.refresh_token_sha256);
    return after.some(({ status }) => status === 400) && refused.at(-1) === refused.at(-2);
  }

  /** Tells how many answers that nobody had heard the provider gave once more. */
  get givenAgain(): number {
    const again = this.calls.filter((call) => call.issued_sha256 !== undefined && call.processed_at === undefined);
    return new Set(again.map((call) => call.issued_sha256)).size;
  }

  /** Reads it, as a platform does. */
  async read(server: ServerProcess): Promise<{ version: number; health: { status: string; reason: string | null } }> {
    const { attributes } = (await server.call("GET", this.#path)).body.data;
    this.#version = attributes.version;
    return attributes;
  }

  /** Connects it anew, with another grant. */
  async reconnect(server: ServerProcess): Promise<void> {
    const credentials = { ...(await this.#provider.mintGrant(this.clientId)), expires_in: WAYS[this.way].lifetime };
    const attributes = { credentials };
    const { status, body } = await server.call("PATCH", this.#path, { data: { type: "auth-secret", attributes } });
    if (status !== 200) throw new Error(JSON.stringify(body));
  }
}
