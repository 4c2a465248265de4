/** What the service writes into its log, for tests to look at. Runs inside workerd. */

import { vi } from "vitest";
import { watch } from "./sentinel.ts";

/** Gathers the lines that are written from now on, until mocks are restored. */
export function watchLog(): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const note = (text: unknown) => {
    watch("the log", String(text));
    lines.push(JSON.parse(String(text)) as Record<string, unknown>);
  };
  vi.spyOn(console, "log").mockImplementation(note);
  vi.spyOn(console, "error").mockImplementation(note);
  return lines;
}
