/** The way to the provider's process: starts it, tells it how to behave, asks what it was asked. */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { JSONWebKeySet } from "jose";

/** How the provider behaves. */
export interface ProviderSettings {
  /** So long every token request takes. */
  delayMs: number;
  /** How many seconds its tokens live. */
  expiresIn: number;
  /** What the key server publishes. */
  jwks: JSONWebKeySet;
}

/** One token request, in milliseconds since the epoch. */
export interface TokenCall {
  startedAt: number;
  answeredAt: number;
  /** It was granted. */
  isGood: boolean;
}

/** What the provider is told and asked; each has one answer. */
export type ProviderMessage =
  { kind: "set"; settings: Partial<ProviderSettings> } | { kind: "calls" } | { kind: "forget" };

export class Provider {
  readonly origin: string;
  readonly #child: ChildProcess;

  private constructor(origin: string, child: ChildProcess) {
    this.origin = origin;
    this.#child = child;
  }

  /** Starts one on a free port. */
  static async start(): Promise<Provider> {
    const child = fork(new URL("provider.ts", import.meta.url));
    const [origin] = (await once(child, "message")) as [string];
    return new Provider(origin, child);
  }

  /** Changes how it behaves from now on. */
  async set(settings: Partial<ProviderSettings>): Promise<void> {
    await this.#ask({ kind: "set", settings });
  }

  /** Gives the token requests that it has answered. */
  async calls(): Promise<TokenCall[]> {
    return (await this.#ask({ kind: "calls" })) as TokenCall[];
  }

  /** Forgets the token requests so far. */
  async forget(): Promise<void> {
    await this.#ask({ kind: "forget" });
  }

  async stop(): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, "exit");
  }

  async #ask(message: ProviderMessage): Promise<unknown> {
    const answer = once(this.#child, "message");
    this.#child.send(message);
    return (await answer)[0];
  }
}
