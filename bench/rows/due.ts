/** A thousand tokens that are to be renewed in the same second. */

import { setTimeout as pause } from "node:timers/promises";
import { median, spread, written } from "../figures.ts";
import { cpuMicrosOf } from "../process.ts";
import type { Provider, TokenCall } from "../provider-process.ts";
import type { Row, Scene, Stage } from "./row.ts";

const SECRETS = 1000;
/** Apps at the provider: what one of them may ask at once is bounded (docs/decisions/0009). */
const CLIENTS = 5;
const PROVIDER_MS = 300;
const LEAD_MS = 60_000;
/** For the import: they all fall due when it is over. */
const IMPORT_MS = 40_000;
const PER_SECOND = 400;
const POLL_MS = 250;
/** Before they fall due, the watch begins. */
const HEAD_START_MS = 500;

export const due: Row = {
  name: "due",
  measure: `1,000 secrets of ${CLIENTS} auth clients that fall due in the same second, provider 300 ms`,
  mustHold: `all renewed before expiry; ≥ ${PER_SECOND} refreshes/s`,
  run: async (stage) => {
    const rates: number[] = [];
    const firstAfter: number[] = [];
    const cpuMs: number[] = [];
    let renewed = SECRETS;
    let latest = Number.POSITIVE_INFINITY;
    for (let round = 1; round <= stage.rounds; round++) {
      stage.say(`round ${round} of ${stage.rounds}`);
      const { calls, expiresAt, cpuMicros } = await fallDue(stage, await stage.open());
      cpuMs.push(cpuMicros / calls.length / 1000);
      const good = calls.filter(({ isGood }) => isGood);
      const lastAt = Math.max(...calls.map(({ answeredAt }) => answeredAt));
      // From the moment that they fell due, not from the first request: what comes before it is work, too.
      rates.push(good.length / ((lastAt - (expiresAt - LEAD_MS)) / 1000));
      firstAfter.push((Math.min(...calls.map(({ startedAt }) => startedAt)) - (expiresAt - LEAD_MS)) / 1000);
      renewed = Math.min(renewed, good.length);
      latest = Math.min(latest, expiresAt - lastAt);
    }
    return {
      figure: `${renewed} renewed, the last ${written(latest / 1000)} s before expiry; ${spread(rates, " refreshes/s")}`,
      floor: null,
      holds: renewed === SECRETS && latest > 0 && median(rates) >= PER_SECOND,
      notes: [
        `counted from the moment in which they fell due; the provider heard of the first ${spread(firstAfter, " s")} after it`,
        `${spread(cpuMs, " ms")} of workerd for one`,
      ],
      numbers: { renewed, refreshesPerSecond: median(rates), leftMs: latest },
    };
  },
};

/** Imports the secrets, waits for their alarms, and gives what the provider was asked. */
async function fallDue(
  stage: Stage,
  scene: Scene,
): Promise<{ calls: TokenCall[]; expiresAt: number; cpuMicros: number }> {
  const { provider } = stage;
  await provider.set({ delayMs: PROVIDER_MS });
  await provider.forget();
  const expiresAt = Math.ceil((Date.now() + IMPORT_MS + LEAD_MS) / 1000) * 1000;
  for (let client = 0; client < CLIENTS; client++) {
    await scene.tenant.secrets(await scene.tenant.client(), SECRETS / CLIENTS, { expiresAt });
  }
  if ((await provider.calls()).length > 0)
    throw new Error("The import took so long that the first fell due meanwhile.");
  await pause(Math.max(0, expiresAt - LEAD_MS - Date.now() - HEAD_START_MS));
  const { pid } = scene.world;
  const cpuBefore = pid === null ? 0 : cpuMicrosOf(pid);
  const calls = await stage.during(scene, () => renewals(provider, expiresAt));
  return { calls, expiresAt, cpuMicros: pid === null ? 0 : cpuMicrosOf(pid) - cpuBefore };
}

async function renewals(provider: Provider, expiresAt: number): Promise<TokenCall[]> {
  for (;;) {
    const calls = await provider.calls();
    if (calls.length >= SECRETS || Date.now() > expiresAt) return calls;
    await pause(POLL_MS);
  }
}
