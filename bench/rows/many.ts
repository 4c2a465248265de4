/** Whether a read takes longer where there are many secrets: of an actor that is awake, and of one that has to be woken. */

import { setTimeout as pause } from "node:timers/promises";
import { median, spread } from "../figures.ts";
import { load } from "../load.ts";
import type { Row, Scene, Stage } from "./row.ts";

const FEW = 10;
const MANY = 10_000;
const AT_MOST = 1.2;
const CONNECTIONS = 8;
/** workerd lets an object sleep when nobody has called it for ten seconds. */
const ASLEEP_MS = 12_000;

export const many: Row = {
  name: "many",
  measure: "10,000 secrets, one process: a read of an actor that is awake, and of one that sleeps",
  mustHold: `each ≤ ${AT_MOST} × the same where there are ${FEW}`,
  run: async (stage) => {
    // Two processes that are measured in turn, so that whatever else the machine does meets both.
    const few = await withSecrets(stage, FEW);
    const all = await withSecrets(stage, MANY);
    const times = {
      fewAwake: [] as number[],
      awake: [] as number[],
      fewAsleep: [] as number[],
      asleep: [] as number[],
    };
    const inTurn: number[] = [];
    for (let round = 0; round <= stage.rounds; round++) {
      stage.say(round === 0 ? "getting warm" : `round ${round} of ${stage.rounds}`);
      const fewAwake = await awakeMs(few.scene, few.paths, stage.seconds);
      const awake = await stage.during(all.scene, () => awakeMs(all.scene, all.paths.slice(0, FEW), stage.seconds));
      await pause(ASLEEP_MS);
      const fewAsleep = await asleepMs(few.scene, few.paths);
      // Others in each round, so that none is read whose file was read before.
      const asleep = await asleepMs(all.scene, all.paths.slice((round + 1) * FEW, (round + 2) * FEW));
      if (round === 0) continue;
      for (const [name, time] of Object.entries({ fewAwake, awake, fewAsleep, asleep })) {
        times[name as keyof typeof times].push(time);
      }
      inTurn.push(await awakeMs(all.scene, all.paths, stage.seconds));
    }
    const awakeRatio = median(times.awake) / median(times.fewAwake);
    const asleepRatio = median(times.asleep) / median(times.fewAsleep);
    return {
      figure: `${spread(times.awake, " ms")}; asleep ${spread(times.asleep, " ms")}`,
      floor:
        `${FEW} secrets ${spread(times.fewAwake, " ms")}; asleep ${spread(times.fewAsleep, " ms")}; ` +
        `ratios ${awakeRatio.toFixed(2)} and ${asleepRatio.toFixed(2)}`,
      holds: awakeRatio <= AT_MOST && asleepRatio <= AT_MOST,
      notes: [
        `${CONNECTIONS} at a time where they are awake, one by one where they sleep`,
        `all ${MANY.toLocaleString("en-US")} in turn, ${CONNECTIONS} at a time, most of them asleep: ${spread(inTurn, " ms")}`,
      ],
      numbers: { awakeMs: median(times.awake), asleepMs: median(times.asleep), awakeRatio, asleepRatio },
    };
  },
};

async function withSecrets(stage: Stage, count: number): Promise<{ scene: Scene; paths: string[] }> {
  stage.say(`importing ${count.toLocaleString("en-US")} secrets`);
  const scene = await stage.open();
  const secrets = await scene.tenant.secrets(await scene.tenant.client(), count);
  return { scene, paths: secrets.map((path) => `${path}/token`) };
}

function headersOf({ tenant }: Scene): Record<string, string> {
  return { ...tenant.headers, "cache-control": "no-cache" };
}

/** How long a read of these takes while they are read again and again, in milliseconds. */
async function awakeMs(scene: Scene, paths: readonly string[], seconds: number): Promise<number> {
  const { world } = scene;
  const wanted = { url: world.origin, headers: headersOf(scene), connections: CONNECTIONS, paths };
  const { perSecond } = await load({ ...wanted, seconds }, world.pid);
  return (1000 * CONNECTIONS) / perSecond;
}

/** How long the first read of each takes, one after the other, in milliseconds: the median. */
async function asleepMs(scene: Scene, paths: readonly string[]): Promise<number> {
  const times: number[] = [];
  for (const path of paths) {
    const startedAt = performance.now();
    const answer = await fetch(scene.world.origin + path, { headers: headersOf(scene) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`A read was answered with ${answer.status}.`);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
