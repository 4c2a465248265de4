/** Simulated steps of integrations: each reads the same token several times a second and notes what it got. */

import { setTimeout as sleep } from "node:timers/promises";
import type { TokenRead } from "./api.ts";

/** What the steps have seen so far. */
export interface Seen {
  /** Of all steps, the failed ones included. */
  reads: number;
  failed: number;
  lastFailure: string | null;
  /** For each step, whether its last read went well; null before its first. */
  wentWell: (boolean | null)[];
  /** Of the first and of the newest token; 0 before the first. */
  firstVersion: number;
  version: number;
  /** When the newest token expires, in milliseconds since the epoch; 0 before the first. */
  expiresAt: number;
  /** One for each distinct token. */
  fingerprints: Set<string>;
  /** How long each good read took, in milliseconds. */
  readMs: number[];
}

const PAUSE_MS = 200;

export class Steps {
  readonly seen: Seen;
  readonly #read: (step: number, stop: AbortSignal) => Promise<TokenRead>;
  readonly #stop = new AbortController();
  #runs: Promise<void>[] = [];

  constructor(count: number, read: (step: number, stop: AbortSignal) => Promise<TokenRead>) {
    this.#read = read;
    this.seen = {
      reads: 0,
      failed: 0,
      lastFailure: null,
      wentWell: Array.from({ length: count }, () => null),
      firstVersion: 0,
      version: 0,
      expiresAt: 0,
      fingerprints: new Set(),
      readMs: [],
    };
  }

  start(): void {
    this.#runs = this.seen.wentWell.map((_, step) => this.#run(step));
  }

  /** Stops all steps; a read that is under way is given up and not counted. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#runs);
  }

  async #run(step: number): Promise<void> {
    const { signal } = this.#stop;
    const { length: count } = this.seen.wentWell;
    await pause((PAUSE_MS / count) * step, signal);
    while (!signal.aborted) {
      const startedAt = performance.now();
      const outcome = await this.#read(step, signal);
      if (signal.aborted) return;
      this.#note(step, outcome, performance.now() - startedAt);
      await pause(PAUSE_MS, signal);
    }
  }

  #note(step: number, outcome: TokenRead, tookMs: number): void {
    const { seen } = this;
    seen.reads += 1;
    seen.wentWell[step] = outcome.ok;
    if (!outcome.ok) {
      seen.failed += 1;
      seen.lastFailure = outcome.why;
      return;
    }
    seen.readMs.push(tookMs);
    seen.fingerprints.add(outcome.fingerprint);
    if (seen.firstVersion === 0) seen.firstVersion = outcome.version;
    if (outcome.version <= seen.version) return;
    seen.version = outcome.version;
    seen.expiresAt = outcome.expiresAt;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
