/** `npm run bench`: builds the bundle, measures it against floors of the same process and run, and says whether what was promised holds. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.ts";
import { ROWS } from "./rows/index.ts";
import type { Outcome, Row } from "./rows/row.ts";
import { onStage, type StageOptions } from "./stage.ts";
import { tableOf, wanTableOf, writeTable } from "./table.ts";
import { acrossTheWorld } from "./wan.ts";

const USAGE = `npm run bench -- [--only NAME]… [--rounds 3] [--seconds 5] [--long] [--write]
npm run bench -- --wan [--delay 80] [--write]
npm run bench -- --profile NAME

  --only NAME     that row alone: ${ROWS.map(({ name }) => name).join(", ")}
  --rounds N      how often floor and measure alternate
  --seconds N     how long each of them is loaded in a round
  --long          a million reads for the row of memory, not a tenth of that
  --write         put the table into docs/PERFORMANCE.md
  --wan           token reads where the actors are --delay milliseconds away
  --profile NAME  a CPU profile of the service while that row is measured`;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    long: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    wan: { type: "boolean", default: false },
    delay: { type: "string", default: "80" },
    profile: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const chosen = values.profile === undefined ? values.only : [values.profile];
const unknown = chosen?.find((name) => !ROWS.some((row) => row.name === name));
if (unknown !== undefined) {
  console.error(`There is no row "${unknown}".\n\n${USAGE}`);
  process.exitCode = 1;
} else if (values.help) console.log(USAGE);
else process.exitCode = await bench();

/** Does what was asked for. Gives the exit code. */
async function bench(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "edge-secrets-bench-"));
  const isProfile = values.profile !== undefined;
  try {
    const options: StageOptions = {
      jsonFloor: await build(folder, isProfile),
      rounds: isProfile ? 1 : Number(values.rounds),
      seconds: Number(values.seconds),
      isLong: values.long,
      isProfile,
    };
    if (values.wan) return await showWan(options);
    const rows = ROWS.filter(({ name }) => chosen?.includes(name) ?? true);
    const results: { row: Row; outcome: Outcome }[] = [];
    for (const row of rows) {
      const outcome = await measure(row, options);
      results.push({ row, outcome });
      console.error(`${outcome.holds ? "✓" : "✗"} ${row.name}: ${outcome.figure} · ${outcome.floor ?? ""}`);
    }
    return isProfile ? 0 : show(results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(row: Row, options: StageOptions): Promise<Outcome> {
  try {
    return await onStage(row.name, options, (stage) => row.run(stage));
  } catch (error) {
    return { figure: "not measured", floor: null, holds: false, notes: [String(error)], numbers: {} };
  }
}

function show(results: readonly { row: Row; outcome: Outcome }[]): number {
  const table = tableOf(results);
  console.log(`\n${table}`);
  if (values.write) writeTable("table", table);
  const entries = results.map(({ row: { name, measure: what, mustHold }, outcome }) => ({
    name,
    measure: what,
    mustHold,
    ...outcome,
  }));
  writeFileSync("bench/results.json", `${JSON.stringify(entries, null, 2)}\n`);
  return results.every(({ outcome }) => outcome.holds) ? 0 : 1;
}

async function showWan(options: StageOptions): Promise<number> {
  const delayMs = Number(values.delay);
  const table = wanTableOf(await onStage("wan", options, (stage) => acrossTheWorld(stage, delayMs)), delayMs);
  console.log(`\n${table}`);
  if (values.write) writeTable("wan", table);
  return 0;
}
