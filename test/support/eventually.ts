/** Waiting for what happens by itself: for as long as a busy machine may need, and no longer than it takes. */

import { vi } from "vitest";

const PATIENCE_MS = 30_000;
const PAUSE_MS = 10;

/** Repeats a check until it passes, and gives what it gave. Throws what it threw last when half a minute is over. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return await vi.waitFor(check, { timeout: PATIENCE_MS, interval: PAUSE_MS });
}
