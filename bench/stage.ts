/** What a row is given to measure with, and that all of it is gone when the row is done. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { profiled } from "./profile.ts";
import { Provider } from "./provider-process.ts";
import type { Scene, Stage } from "./rows/row.ts";
import { AUDIENCE, ISSUER, Tenant } from "./tenant.ts";
import { type Plan, World } from "./world.ts";

export interface StageOptions extends Pick<Stage, "rounds" | "seconds" | "isLong"> {
  /** The built floor of `floors/json.js`. */
  jsonFloor: string;
  /** The first of what is measured runs under the profiler. */
  isProfile: boolean;
}

/** Runs something with a provider and as many services as it opens. */
export async function onStage<T>(name: string, options: StageOptions, work: (stage: Stage) => Promise<T>): Promise<T> {
  const { jsonFloor, isProfile, ...how } = options;
  const provider = await Provider.start();
  const scenes: Scene[] = [];
  let isToProfile = isProfile;
  try {
    return await work({
      ...how,
      provider,
      open: async (plan) => {
        const scene = await openScene({ jsonFloor, inspect: isProfile, ...plan }, provider);
        scenes.push(scene);
        return scene;
      },
      during: async ({ world }, measured) => {
        if (!isToProfile) return await measured();
        isToProfile = false;
        const file = join(mkdtempSync(join(tmpdir(), "edge-secrets-profile-")), `${name}.cpuprofile`);
        return await profiled(await world.inspector(), file, measured);
      },
      say: (progress) => console.error(`  ${name}: ${progress}`),
    });
  } finally {
    for (const { world } of scenes) await world.stop();
    await provider.stop();
  }
}

/** Starts a service that believes the bench's issuer, with a tenant in it. */
async function openScene(plan: Plan, provider: Provider): Promise<Scene> {
  const issuer = { issuer: ISSUER, audience: AUDIENCE, jwks_uri: `${provider.origin}/jwks`, algorithms: ["ES256"] };
  const variables = { JWT_ISSUERS: JSON.stringify([issuer]), ...plan.variables };
  const world = await World.start({ ...plan, variables });
  return { world, tenant: await Tenant.create(world, provider) };
}
