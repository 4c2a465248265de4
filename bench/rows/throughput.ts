/** Rows that say how many answers a second come, held against a floor that does the least that such an answer needs. */

import { median, spread, written } from "../figures.ts";
import { type Load, load, type Measured } from "../load.ts";
import type { Floor, Plan } from "../world.ts";
import type { Outcome, Row, Scene } from "./row.ts";

/** What is read, and what the answer has to be. */
export interface Reading {
  path: string;
  paths?: readonly string[];
  headers: Record<string, string>;
}

interface Throughput {
  name: string;
  measure: string;
  floor: Floor;
  /** Null: it is shown only. */
  atLeast: number | null;
  /** What `Server-Timing` has to say; null where an answer has none. */
  from: "memory" | "edge" | "origin" | null;
  /** What the service is started with. */
  plan?: Partial<Plan>;
  prepare: (scene: Scene) => Promise<Reading>;
}

const WARM_SECONDS = 5;
/** Of a token's answers so many have to come from where the row says: a copy in memory ends every few seconds. */
const ENOUGH = 0.95;

/** Makes such a row. Floor and measure alternate, so that whatever else the machine does meets both. */
export function throughputRow({ name, measure, floor, atLeast, from, plan, prepare }: Throughput): Row {
  const against = floor === "json" ? "bare Hono JSON" : "bare Durable Object RPC";
  return {
    name,
    measure,
    mustHold: atLeast === null ? "shown" : `≥ ${atLeast} × ${against}`,
    run: async (stage) => {
      const scene = await stage.open(plan);
      const { world } = scene;
      const { path, paths, headers } = await prepare(scene);
      // Both are sent the same: what a request weighs is nobody's merit.
      const onFloor = { url: world.floors[floor], headers };
      const onService = { url: world.origin + path, headers, ...(paths !== undefined && { paths }) };
      const run = (what: Omit<Load, "seconds">, seconds: number) => load({ ...what, seconds }, world.pid);
      await run(onFloor, WARM_SECONDS);
      if (paths !== undefined) await load({ ...onService, amount: paths.length }, world.pid);
      await run(onService, WARM_SECONDS);
      const floors: Measured[] = [];
      const figures: Measured[] = [];
      for (let round = 1; round <= stage.rounds; round++) {
        stage.say(`round ${round} of ${stage.rounds}`);
        floors.push(await run(onFloor, stage.seconds));
        figures.push(await stage.during(scene, () => run(onService, stage.seconds)));
      }
      return judged(floors, figures, { floor, atLeast, from });
    },
  };
}

function judged(
  floors: Measured[],
  figures: Measured[],
  { floor, atLeast, from }: Pick<Throughput, "floor" | "atLeast" | "from">,
): Outcome {
  const rates = figures.map((each) => each.perSecond);
  const floorRates = floors.map((each) => each.perSecond);
  // Each round against the floor that was measured just before it: a machine has its moods.
  const ratio = median(rates.map((rate, round) => rate / (floorRates[round] ?? Number.NaN)));
  const p50 = median(figures.map((each) => each.p50Ms));
  const cpu = median(figures.map((each) => each.cpuMicros));
  const floorCpu = median(floors.map((each) => each.cpuMicros));
  const share = shareFrom(from, figures);
  const isFromThere = share >= ENOUGH;
  return {
    figure: `${spread(rates, "/s")}, p50 ${p50} ms`,
    floor: `${floor} ${spread(floorRates, "/s")}; ratio ${ratio.toFixed(2)}`,
    holds: isFromThere && (atLeast === null || ratio >= atLeast),
    notes: [
      `${written(cpu)} µs of workerd for one, ${written(floorCpu)} µs for one of the floor's`,
      ...(isFromThere ? [] : [`only ${written(100 * share)} % of the answers say \`${from}\``]),
    ],
    numbers: {
      perSecond: median(rates),
      floorPerSecond: median(floorRates),
      ratio,
      p50Ms: p50,
      cpuMicros: cpu,
      floorCpuMicros: floorCpu,
    },
  };
}

/** Which share of the answers came from where they should; all of them where that is not asked. */
function shareFrom(from: Throughput["from"], figures: readonly Measured[]): number {
  const counted = figures.flatMap(({ sources }) => Object.entries(sources));
  const all = counted.reduce((sum, [, count]) => sum + count, 0);
  const good = counted.filter(([source]) => from === null || source.startsWith(from));
  return good.reduce((sum, [, count]) => sum + count, 0) / all;
}
