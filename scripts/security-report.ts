/**
 * `npm run security:report`: every promise of docs/SECURITY.md, which tests hold it, and how they went in the runs whose results lie in
 * `test-results/`. Fails where a promise has no test, or one that failed, and where results are older than what they are of.
 */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { reportOf, type Run } from "./security/report.ts";

const RESULTS = "test-results";

const promises = readFileSync("docs/SECURITY.md", "utf8");
const files = existsSync(RESULTS) ? readdirSync(RESULTS).filter((name) => name.endsWith(".json")) : [];
const runs = files.map((name) => ({ name, ...(JSON.parse(readFileSync(join(RESULTS, name), "utf8")) as Run) }));
const changedAt = Math.max(...["src", "test"].map(lastChangeIn));
const { lines, faults } = reportOf(promises, runs);
for (const { name, startTime } of runs)
  if (startTime < changedAt) faults.push(`${RESULTS}/${name} is older than the sources: run it again, or remove it.`);
console.log(lines.join("\n"));
if (faults.length > 0) {
  console.error(`\n${faults.join("\n")}\n`);
  process.exitCode = 1;
}

/** Gives when a source in a folder was last written, in milliseconds since the epoch. */
function lastChangeIn(folder: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs));
}
