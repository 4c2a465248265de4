/** What Linux tells of a process: the processor time that it has used, the memory that it holds. */

import { readFileSync } from "node:fs";

/** A tick of /proc/{pid}/stat, in microseconds (proc(5): 100 of them are a second). */
const TICK_MICROS = 10_000;

/** Gives the processor time that a process has used, in microseconds. */
export function cpuMicrosOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

/** Gives the memory that a process holds, in MiB. */
export function memoryMibOf(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}
