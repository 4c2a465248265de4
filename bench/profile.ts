/** Looks into workerd while it works: a CPU profile of the service's isolate, through the inspector. For tuning; no figure is taken with it. */

import { once } from "node:events";
import { writeFileSync } from "node:fs";
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

/** Lists the functions with most time of their own, and their share of the time in which the isolate was busy. */
function summaryOf({ nodes, samples, timeDeltas }: Profile): string {
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
  const total = [...times.values()].reduce((sum, micros) => sum + micros, 0);
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(
      ([name, micros]) => `${((100 * micros) / total).toFixed(1).padStart(5)} %  ${written(micros / 1000)} ms  ${name}`,
    )
    .join("\n");
}
