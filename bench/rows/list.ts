/** How long a list of a hundred secrets takes, held against one read of one of them. */

import { median, spread, written } from "../figures.ts";
import { SECRETS_PATH } from "../tenant.ts";
import type { Row } from "./row.ts";

const SECRETS = 100;
const TIMES = 3;
const PLUS_MS = 20;
const READS = 40;

export const list: Row = {
  name: "list",
  measure: "list of 100 secrets",
  mustHold: `≤ ${TIMES} × one read + ${PLUS_MS} ms`,
  run: async (stage) => {
    const scene = await stage.open();
    const { tenant } = scene;
    const [one = ""] = await tenant.secrets(await tenant.client(), SECRETS);
    const read = async (path: string): Promise<number> => {
      const startedAt = performance.now();
      const response = await tenant.get(path);
      const body = await response.text();
      const took = performance.now() - startedAt;
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${body}`);
      return took;
    };
    const several = async (path: string): Promise<number> => {
      const times: number[] = [];
      for (let count = 0; count < READS; count++) times.push(await read(path));
      return median(times);
    };
    const listPath = `${SECRETS_PATH}?page[size]=${SECRETS}`;
    await several(one);
    await several(listPath);
    const reads: number[] = [];
    const lists: number[] = [];
    for (let round = 1; round <= stage.rounds; round++) {
      stage.say(`round ${round} of ${stage.rounds}`);
      reads.push(await several(one));
      lists.push(await stage.during(scene, () => several(listPath)));
    }
    const limit = TIMES * median(reads) + PLUS_MS;
    return {
      figure: spread(lists, " ms"),
      floor: `one read ${spread(reads, " ms")}; at most ${written(limit)} ms`,
      holds: median(lists) <= limit,
      notes: [],
      numbers: { listMs: median(lists), readMs: median(reads), limitMs: limit },
    };
  },
};
