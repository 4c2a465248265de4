/** What the service writes into its log, for tests to look at. Runs inside workerd. */

import { vi } from "vitest";

/** Gathers the lines that are written from now on, until mocks are restored. */
export function watchLog(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const note = (text: unknown) => void lines.push(JSON.parse(String(text)));
  vi.spyOn(console, "log").mockImplementation(note);
  vi.spyOn(console, "error").mockImplementation(note);
  return lines;
}
