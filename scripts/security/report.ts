/** Puts promises and the results of tests together. Pure. */

/** What is read of a run's JSON, as vitest writes it. */
export interface Run {
  /** Milliseconds since the epoch. */
  startTime: number;
  testResults: { assertionResults: { fullName: string; status: string }[] }[];
}

const PROMISE = /^(\d+)\. (.*)$/gm;
/** Some guard several. */
const NUMBERS = /\(SECURITY (\d+(?:, \d+)*)\)/g;
/** Titles of tables and loops are many; the first say what they are about. */
const SHOWN = 3;

/** Gives the lines of the report, and what is wrong. */
export function reportOf(promises: string, runs: Run[]): { lines: string[]; faults: string[] } {
  const tests = new Map<number, { title: string; status: string }[]>();
  for (const { fullName: title, status } of runs.flatMap(({ testResults }) =>
    testResults.flatMap((file) => file.assertionResults),
  )) {
    const numbers = [...title.matchAll(NUMBERS)].flatMap(([, found = ""]) => found.split(", ").map(Number));
    for (const number of new Set(numbers)) {
      tests.set(number, [...(tests.get(number) ?? []), { title, status }]);
    }
  }
  const lines: string[] = [];
  const faults: string[] = [];
  const numbers = new Set<number>();
  for (const [, digits, promise] of promises.matchAll(PROMISE)) {
    const number = Number(digits);
    numbers.add(number);
    const held = tests.get(number) ?? [];
    const failed = held.filter(({ status }) => status !== "passed");
    const result =
      held.length === 0
        ? "NO TEST"
        : failed.length > 0
          ? `${failed.length} of ${held.length} FAILED`
          : `${held.length} passed`;
    lines.push(`${String(number).padStart(2)}  ${result.padEnd(14)} ${promise ?? ""}`);
    for (const { title } of held.slice(0, SHOWN))
      lines.push(`      ${title.replaceAll(NUMBERS, "").replaceAll(/\s+/g, " ").trim()}`);
    if (held.length > SHOWN) lines.push(`      and ${held.length - SHOWN} more`);
    if (held.length === 0) faults.push(`Promise ${number} has no test that ran.`);
    for (const { title, status } of failed) faults.push(`Promise ${number}: ${status}: ${title}`);
  }
  for (const number of tests.keys()) if (!numbers.has(number)) faults.push(`There is no promise ${number}.`);
  return { lines, faults };
}
