/** Whether a read takes longer where there are many secrets. */

import { median, spread } from "../figures.ts";
import { load } from "../load.ts";
import type { Row, Scene, Stage } from "./row.ts";

const FEW = 10;
const MANY = 10_000;
const AT_MOST = 1.2;
const CONNECTIONS = 8;

export const many: Row = {
  name: "many",
  measure: "10,000 secrets, one process: all of them read in turn, each by its actor",
  mustHold: `mean time ≤ ${AT_MOST} × that with ${FEW}`,
  run: async (stage) => {
    // Two processes that are measured in turn, so that whatever else the machine does meets both.
    const few = await withSecrets(stage, FEW);
    const all = await withSecrets(stage, MANY);
    const fewTimes: number[] = [];
    const allTimes: number[] = [];
    const someTimes: number[] = [];
    await meanMs(few.scene, few.paths, stage.seconds);
    await meanMs(all.scene, all.paths, stage.seconds);
    for (let round = 1; round <= stage.rounds; round++) {
      stage.say(`round ${round} of ${stage.rounds}`);
      fewTimes.push(await meanMs(few.scene, few.paths, stage.seconds));
      allTimes.push(await stage.during(all.scene, () => meanMs(all.scene, all.paths, stage.seconds)));
      someTimes.push(await meanMs(all.scene, all.paths.slice(0, FEW), stage.seconds));
    }
    const ratio = median(allTimes) / median(fewTimes);
    return {
      figure: spread(allTimes, " ms"),
      floor: `${FEW} secrets ${spread(fewTimes, " ms")}; ratio ${ratio.toFixed(2)}`,
      holds: ratio <= AT_MOST,
      notes: [`the same ${FEW} of the ${MANY.toLocaleString("en-US")} again and again: ${spread(someTimes, " ms")}`],
      numbers: { meanMs: median(allTimes), fewMs: median(fewTimes), someMs: median(someTimes), ratio },
    };
  },
};

async function withSecrets(stage: Stage, count: number): Promise<{ scene: Scene; paths: string[] }> {
  stage.say(`importing ${count.toLocaleString("en-US")} secrets`);
  const scene = await stage.open();
  const secrets = await scene.tenant.secrets(await scene.tenant.client(), count);
  return { scene, paths: secrets.map((path) => `${path}/token`) };
}

/** How long a read of these takes, in milliseconds. */
async function meanMs({ world, tenant }: Scene, paths: readonly string[], seconds: number): Promise<number> {
  const headers = { ...tenant.headers, "cache-control": "no-cache" };
  const wanted = { url: world.origin, headers, connections: CONNECTIONS, paths };
  const { perSecond } = await load({ ...wanted, seconds }, world.pid);
  return (1000 * CONNECTIONS) / perSecond;
}
