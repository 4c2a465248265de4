/** What a run found out, as Markdown: for the terminal, and for docs/PERFORMANCE.md between two markers. */

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem, type } from "node:os";
import type { Outcome, Row } from "./rows/row.ts";
import type { Way } from "./wan.ts";

const DOCUMENT = "docs/PERFORMANCE.md";
const GIB = 1024 ** 3;

/** Writes a line for each row, and below the table what there is to say of some. */
export function tableOf(results: readonly { row: Row; outcome: Outcome }[]): string {
  const lines = results.map(
    ({ row, outcome }) =>
      `| ${row.measure} | ${outcome.figure} | ${outcome.floor ?? ""} | ${row.mustHold} | ${outcome.holds ? "✓" : "✗"} |`,
  );
  const notes = results
    .filter(({ outcome }) => outcome.notes.length > 0)
    .map(({ row, outcome }) => `- ${row.measure}: ${outcome.notes.join("; ")}.`);
  return [
    "| measure | median (range) | held against | must hold | |",
    "|---|---|---|---|---|",
    ...lines,
    "",
    ...notes,
    "",
    machine(),
  ].join("\n");
}

/** Writes a line for each way to read from far away. */
export function wanTableOf(ways: readonly Way[], delayMs: number): string {
  return [
    `| token reads, ${delayMs} ms before every actor | p50 | p99 | answers |`,
    "|---|---|---|---|",
    ...ways.map(({ way, p50Ms, p99Ms, perSecond }) => `| ${way} | ${p50Ms} | ${p99Ms} | ${perSecond} |`),
    "",
    machine(),
  ].join("\n");
}

/** Puts a table into the document, in place of the one between the markers of that name. */
export function writeTable(name: "table" | "wan", table: string): void {
  const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [before, rest] = readFileSync(DOCUMENT, "utf8").split(start);
  const [, after] = rest?.split(end) ?? [];
  if (after === undefined) throw new Error(`${DOCUMENT} has no place for the ${name}.`);
  writeFileSync(DOCUMENT, `${before}${start}\n${table}\n${end}${after}`);
}

function machine(): string {
  const memory = Math.round(totalmem() / GIB);
  const processor = cpus()[0]?.model.replace(/\s+/g, " ").trim() ?? "of an unknown kind";
  return `Measured with ${availableParallelism()} processors (${processor}) and ${memory} GiB of memory under ${type()}.`;
}
