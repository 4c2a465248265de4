/** How long a token read takes where the actor is far away, with the copies at the edge and without. */

import { spread } from "./figures.ts";
import { load, type Measured } from "./load.ts";
import type { Stage } from "./rows/row.ts";

/** How reads were, one way. */
export interface Way {
  way: string;
  p50Ms: string;
  p99Ms: string;
  perSecond: string;
}

const SECRETS = 200;
const WARM_SECONDS = 3;
/** Two are read at a time for each core that a small machine has: what is looked at is the time one takes, not how many there can be. */
const CONNECTIONS = 4;

const WAYS = [
  { way: "with memory and edge copies", variables: {} },
  { way: "without them (`EDGE_CACHE_SECONDS=0`)", variables: { EDGE_CACHE_SECONDS: "0" } },
];

/** Measures both ways in turn. */
export async function acrossTheWorld(stage: Stage, actorDelayMs: number): Promise<Way[]> {
  const ways: Way[] = [];
  for (const { way, variables } of WAYS) {
    const { world, tenant } = await stage.open({ actorDelayMs, variables });
    const paths = (await tenant.secrets(await tenant.client(), SECRETS)).map((path) => `${path}/token`);
    const reads = { url: world.origin, headers: tenant.headers, paths, connections: CONNECTIONS };
    await load({ ...reads, seconds: WARM_SECONDS }, world.pid);
    const rounds: Measured[] = [];
    for (let round = 1; round <= stage.rounds; round++) {
      stage.say(`${way}, round ${round} of ${stage.rounds}`);
      rounds.push(await load({ ...reads, seconds: stage.seconds }, world.pid));
    }
    const of = (name: "p50Ms" | "p99Ms" | "perSecond", unit: string) =>
      spread(
        rounds.map((each) => each[name]),
        unit,
      );
    ways.push({ way, p50Ms: of("p50Ms", " ms"), p99Ms: of("p99Ms", " ms"), perSecond: of("perSecond", "/s") });
  }
  return ways;
}
