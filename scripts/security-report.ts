/**
 * `npm run security:report`: every promise of docs/SECURITY.md, which tests hold it, and how they went in the runs whose results lie in
 * `test-results/`. Fails where a promise has no test, or one that failed.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reportOf, type Run } from "./security/report.ts";

const RESULTS = "test-results";

const promises = readFileSync("docs/SECURITY.md", "utf8");
const files = existsSync(RESULTS) ? readdirSync(RESULTS).filter((name) => name.endsWith(".json")) : [];
const runs = files.map((name) => JSON.parse(readFileSync(join(RESULTS, name), "utf8")) as Run);
const { lines, faults } = reportOf(promises, runs);
console.log(lines.join("\n"));
if (faults.length > 0) {
  console.error(`\n${faults.join("\n")}\n`);
  process.exitCode = 1;
}
