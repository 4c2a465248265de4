/** Whether memory grows while tokens are read. */

import { median, written } from "../figures.ts";
import { load } from "../load.ts";
import { memoryMibOf } from "../process.ts";
import type { Outcome, Row } from "./row.ts";

const SECRETS = 1000;
const READS = 1_000_000;
const SHORT_READS = 100_000;
const SAMPLE_MS = 250;
/** By so much the last fifth may be above the second: a heap breathes. */
const MOST_GROWTH = 1.1;

export const endurance: Row = {
  name: "endurance",
  measure: "memory over 1,000,000 token reads of 1,000 secrets",
  mustHold: `flat: the last fifth ≤ ${MOST_GROWTH} × the second`,
  run: async (stage) => {
    const { world, tenant } = await stage.open();
    const { pid } = world;
    if (pid === null) return notHere();
    const amount = stage.isLong ? READS : SHORT_READS;
    const paths = (await tenant.secrets(await tenant.client(), SECRETS)).map((path) => `${path}/token`);
    const samples: number[] = [];
    const timer = setInterval(() => samples.push(memoryMibOf(pid)), SAMPLE_MS);
    const startedAt = Date.now();
    stage.say(`${written(amount)} reads`);
    await load({ url: world.origin, headers: tenant.headers, amount, paths }, pid);
    clearInterval(timer);
    const minutes = (Date.now() - startedAt) / 60_000;
    const fifth = (index: number) =>
      median(samples.slice((index * samples.length) / 5, ((index + 1) * samples.length) / 5));
    const growth = fifth(4) / fifth(1);
    const notes = [`${written(amount)} reads took ${written(minutes)} minutes`];
    if (!stage.isLong) notes.push(`\`--long\` reads ${written(READS)}`);
    return {
      figure: `${written(fifth(4))} MiB; growth ${growth.toFixed(2)}`,
      floor: `by fifths ${[0, 1, 2, 3, 4].map((index) => written(fifth(index))).join(", ")} MiB`,
      holds: growth <= MOST_GROWTH,
      notes,
      numbers: { reads: amount, growth, mib: fifth(4) },
    };
  },
};

function notHere(): Outcome {
  return {
    figure: "not measured",
    floor: null,
    holds: false,
    notes: ["this system has no /proc that tells how much memory a process holds"],
    numbers: {},
  };
}
