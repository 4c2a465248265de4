/** A thousand steps that want the same token in the moment in which it expires. */

import { Crowd } from "../crowd.ts";
import { spread, written } from "../figures.ts";
import type { Row } from "./row.ts";

const READERS = 1000;
const PROVIDER_MS = 300;
const SPARE_MS = 300;

export const herd: Row = {
  name: "herd",
  measure: "1,000 concurrent readers of one expired secret, provider 300 ms",
  mustHold: `1 token request, 0 failures, slowest ≤ provider + ${SPARE_MS} ms`,
  run: async (stage) => {
    const scene = await stage.open();
    const { world, tenant } = scene;
    await stage.provider.set({ delayMs: PROVIDER_MS });
    const client = await tenant.client();
    const bare = await Crowd.gather(new URL(world.floors.json).origin, READERS);
    const crowd = await Crowd.gather(world.origin, READERS);
    const floors: number[] = [];
    const slowest: number[] = [];
    const requests: number[] = [];
    let failures = 0;
    // The first is for getting warm.
    for (let round = 0; round <= stage.rounds; round++) {
      stage.say(round === 0 ? "getting warm" : `round ${round} of ${stage.rounds}`);
      const floor = await bare.ask("/token", {});
      await stage.provider.forget();
      const [path = ""] = await tenant.secrets(client, 1, { expiresAt: Date.now() });
      const askedAt = Date.now();
      const ask = () => crowd.ask(`${path}/token`, tenant.headers);
      const served = await (round === 0 ? ask() : stage.during(scene, ask));
      const calls = await stage.provider.calls();
      // The alarm of a secret that has expired rings at once, and so a moment before the first reader comes: that counts as waiting, too.
      const headStart = Math.max(0, askedAt - Math.min(...calls.map(({ startedAt }) => startedAt)));
      if (round === 0) continue;
      floors.push(Math.max(...floor.map(({ ms }) => ms)));
      slowest.push(headStart + Math.max(...served.map(({ ms }) => ms)));
      requests.push(calls.length);
      failures += served.filter(({ status }) => status !== 200).length;
    }
    bare.leave();
    crowd.leave();
    const worst = Math.max(...slowest);
    const most = Math.max(...requests);
    return {
      figure: `${most} token request, ${failures} failures, slowest ${spread(slowest, " ms")}`,
      floor: `all of them read a bare Hono JSON route in ${spread(floors, " ms")}`,
      holds: most === 1 && failures === 0 && worst <= PROVIDER_MS + SPARE_MS,
      notes: worst <= PROVIDER_MS + SPARE_MS ? [] : [`the slowest of all waited ${written(worst)} ms`],
      numbers: { tokenRequests: most, failures, slowestMs: worst },
    };
  },
};
