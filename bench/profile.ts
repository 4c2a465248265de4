/** Looks into workerd: a CPU profile of the service's isolate while it works, through the inspector, for tuning; and of its start-up, by wrangler. */

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { written } from "./figures.ts";

/** What of a profile is read here; the rest of it is for the tool that opens the file. */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; lineNumber: number } }[];
  samples: number[];
  /** Microseconds since the sample before. */
  timeDeltas: number[];
}

const TARGET = "core:user:service";
const INTERVAL_MICROS = 200;
const SHOWN = 20;

/** Profiles the service while the work is done, and writes what came of it into a file. Gives what the work gives. */
export async function profiled<T>(inspector: URL, file: string, work: () => Promise<T>): Promise<T> {
  const socket = new WebSocket(new URL(`/${TARGET}`, inspector.href.replace(/^http/, "ws")));
  await once(socket, "open");
  let sent = 0;
  const ask = async (method: string, params: object = {}): Promise<unknown> => {
    const id = ++sent;
    const answered = Promise.withResolvers<unknown>();
    const listen = ({ data }: MessageEvent) => {
      const message = JSON.parse(String(data));
      if (message.id === id) answered.resolve(message.result);
    };
    socket.addEventListener("message", listen);
    socket.send(JSON.stringify({ id, method, params }));
    const result = await answered.promise;
    socket.removeEventListener("message", listen);
    return result;
  };
  await ask("Profiler.enable");
  await ask("Profiler.setSamplingInterval", { interval: INTERVAL_MICROS });
  await ask("Profiler.start");
  const done = await work();
  const { profile } = (await ask("Profiler.stop")) as { profile: Profile };
  socket.close();
  writeFileSync(file, JSON.stringify(profile));
  console.log(`${summaryOf(profile)}\n\n${file}`);
  return done;
}

/** Gives how long the isolate works until the Worker is ready, in milliseconds, as `wrangler check startup` finds it. */
export async function startUpMs(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "edge-secrets-start-up-"));
  const file = join(folder, "start-up.cpuprofile");
  try {
    const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
    await promisify(execFile)("wrangler", ["check", "startup", "--outfile", file], { env });
    const times = timesOf(JSON.parse(readFileSync(file, "utf8")) as Profile);
    return totalOf(times) / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lists the functions with most time of their own, and their share of the time in which the isolate was busy. */
function summaryOf(profile: Profile): string {
  const times = timesOf(profile);
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, micros]) => {
      const share = ((100 * micros) / totalOf(times)).toFixed(1);
      return `${share.padStart(5)} %  ${written(micros / 1000)} ms  ${name}`;
    })
    .join("\n");
}

/** Gives the time of each function's own, in microseconds, without the time in which there was nothing to do. */
function timesOf({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, lineNumber } }) => [
      id,
      `${functionName || "(anonymous)"}${lineNumber < 0 ? "" : `:${lineNumber + 1}`}`,
    ]),
  );
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "";
    if (name === "(idle)") continue;
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  return times;
}

function totalOf(times: Map<string, number>): number {
  return [...times.values()].reduce((sum, micros) => sum + micros, 0);
}
