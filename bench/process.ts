/** What Linux tells of processes: who started them, the processor time that they have used, the memory that they hold. */

import { existsSync, readdirSync, readFileSync } from "node:fs";

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

/** Gives the processes of this name that this one has started; none where there is no /proc. */
export function childrenCalled(name: string): number[] {
  if (!existsSync("/proc/self/stat")) return [];
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const [, comm, parent] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        return comm === name && Number(parent) === process.pid;
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}
