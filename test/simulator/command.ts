/** The command behind `npm run simulate`: reads what is wanted, tells each story, and ends with 1 when a promise was broken. */

import { replay, report } from "./report.ts";
import { type Options, simulate } from "./simulation.ts";

export const USAGE = `npm run simulate -- [--seed 1] [--seeds 1] [--secrets 12] [--days 2.5]

  --seed N      which world; without it, one that nobody has seen
  --seeds N     so many worlds, one after the other
  --secrets N   how many secrets live in it
  --days N      how many days pass, after which nothing goes wrong for three hours`;

/** Where the command writes. */
export interface Output {
  print: (line: string) => void;
  complain: (line: string) => void;
  /** How far it is; what is shown takes the place of what was. */
  show: (progress: string) => void;
}

interface Wanted {
  seed: number;
  seeds: number;
  secrets: number;
  days: number;
}

/** Runs it and gives the exit code: 0 all was well, 1 a promise was broken, 2 the arguments are wrong. */
export async function command(
  args: readonly string[],
  { print, complain, show }: Output,
  others: Partial<Options> = {},
): Promise<number> {
  if (args.includes("--help")) {
    print(USAGE);
    return 0;
  }
  const wanted = parse(args);
  if (wanted === null) {
    complain(USAGE);
    return 2;
  }
  const { seed: first, seeds, secrets, days } = wanted;
  for (let seed = first; seed < first + seeds; seed++) {
    const startedAt = performance.now();
    const options: Options = { seed, secrets, days, ...others };
    const story = await simulate(options, (day) => show(`day ${day} of ${Math.ceil(days)}`));
    show("");
    for (const line of report(story)) print(line === "" ? line : `  ${line}`);
    print(`\n  ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Again: ${replay(options)}\n`);
    if (story.breach !== null) return 1;
  }
  return 0;
}

/** Null: something is asked for that there is not. */
function parse(args: readonly string[]): Wanted | null {
  const wanted = { seed: Math.floor(Math.random() * 1_000_000), seeds: 1, secrets: 12, days: 2.5 };
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at]?.replace(/^--/, "") ?? "";
    const value = Number(args[at + 1]);
    if (!Object.hasOwn(wanted, name) || !(value >= 0)) return null;
    if (name !== "days" && !Number.isSafeInteger(value)) return null;
    wanted[name as keyof Wanted] = value;
  }
  return wanted.seeds > 0 && wanted.secrets > 0 && wanted.days > 0 ? wanted : null;
}
