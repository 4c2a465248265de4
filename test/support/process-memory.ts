/** How much memory processes hold, as Linux counts it. */

import { readFileSync, writeFileSync } from "node:fs";

/** Gives what these processes hold now and the most that they held since `forgetPeaks`, in MiB. */
export function memoryOf(pids: number[]): { now: number; peak: number } {
  const sum = (name: string) =>
    pids.reduce((total, pid) => {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return total + Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    }, 0) / 1024;
  return { now: sum("VmRSS"), peak: sum("VmHWM") };
}

/** Starts the search for the most anew. */
export function forgetPeaks(pids: number[]): void {
  // proc(5): 5 resets the peak resident set size.
  for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Decides whether a process runs this program. */
export function runs(pid: number, program: string): boolean {
  return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === program;
}
