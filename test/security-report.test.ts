/** The report of promises and tests says what is missing and what failed; and what the project's supply is promised to be, it is. */

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { reportOf, type Run } from "../scripts/security/report.ts";

const PROMISES = "1. One thing.\n2. Another.\n";
const run = (...tests: [fullName: string, status: string][]): Run => ({
  startTime: 0,
  testResults: [{ assertionResults: tests.map(([fullName, status]) => ({ fullName, status })) }],
});

test("a promise without a test is a fault, one with tests that passed is none", () => {
  const { lines, faults } = reportOf(PROMISES, [run(["keeps it (SECURITY 1)", "passed"], ["other", "failed"])]);
  expect(faults).toEqual(["Promise 2 has no test that ran."]);
  expect(lines[0]).toMatch(/^ 1 {2}1 passed +One thing\.$/);
});

test("a test that failed or was left out is a fault, and so is a number that nobody promised", () => {
  const ran = run(["a (SECURITY 1)", "failed"], ["b (SECURITY 2)", "skipped"], ["c (SECURITY 3)", "passed"]);
  expect(reportOf(PROMISES, [ran]).faults).toEqual([
    "Promise 1: failed: a (SECURITY 1)",
    "Promise 2: skipped: b (SECURITY 2)",
    "There is no promise 3.",
  ]);
});

test("there are twenty-nine promises", () => {
  const numbers = [...readFileSync("docs/SECURITY.md", "utf8").matchAll(/^(\d+)\. /gm)].map(([, number]) =>
    Number(number),
  );
  expect(numbers).toEqual(Array.from({ length: 29 }, (_, index) => index + 1));
});

interface Locked {
  resolved?: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
}

test("every dependency has a reason in the README, is locked with its digest, and those with install scripts are named (SECURITY 29)", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const readme = readFileSync("README.md", "utf8").split("## Dependencies")[1] ?? "";
  const direct = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(direct.filter((name) => !readme.includes(`**${name}**`))).toEqual([]);
  expect(existsSync("package-lock.json")).toBe(true);
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Locked> };
  const others = Object.entries(packages).filter(([path]) => path !== "");
  expect(
    others.filter(([, { integrity, link }]) => integrity === undefined && link !== true).map(([path]) => path),
  ).toEqual([]);
  const scripted = others
    .filter(([, each]) => each.hasInstallScript === true)
    .map(([path]) => path.split("node_modules/").at(-1) ?? "");
  expect(scripted.filter((name) => name !== "fsevents" && !readme.includes(`**${name}**`))).toEqual([]);
});
