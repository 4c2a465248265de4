/** `npm run simulate` as a person meets it: what it prints, and how it ends. */

import { describe, expect, test } from "vitest";
import { command, USAGE } from "./command.ts";
import type { Options } from "./simulation.ts";

/** Runs the command and gives its exit code and what it wrote. */
async function run(line: string, others: Partial<Options> = {}) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const code = await command(
    line.split(" ").filter((word) => word !== ""),
    { print: (text) => printed.push(text), complain: (text) => complaints.push(text), show: () => undefined },
    others,
  );
  return { code, printed: printed.join("\n"), complaints: complaints.join("\n") };
}

describe("simulate", () => {
  test("tells what happened, what was lost and why, and ends with 0", async () => {
    const { code, printed } = await run("--seed 3 --secrets 8 --days 1");
    expect(code).toBe(0);
    expect(printed).toContain("Seed 3: 8 secrets, 1 days");
    expect(printed).toMatch(/Renewals +[\d,]+ by [\d,]+ token requests/);
    expect(printed).toMatch(/Faults +[\d,]+; [\d,]+ processes died/);
    expect(printed).toMatch(/Losses +[\d,]+ grants, none by our hand\n +[\d,]+ {2}\w/);
    expect(printed).toContain("A to F kept after each of");
    expect(printed).toContain("Again: npm run simulate -- --seed 3 --secrets 8 --days 1\n");
  });

  test("names the promise that was broken, how it came to that and the seed, and ends with 1", async () => {
    const late: Partial<Options> = {
      mood: "calm",
      mutation: (ports) => {
        const { storage } = ports;
        const save: typeof storage.save = (record, at) => storage.save(record, at == null ? at : at + 600_000);
        return { ...ports, storage: { ...storage, save } };
      },
    };
    const { code, printed } = await run("--seed 3 --seeds 2 --secrets 8 --days 1", late);
    expect(code).toBe(1);
    expect(printed).toMatch(
      /Broken: D, on time\. Secret \d of [\w-]+, day 1 [\d:.]+:\n +its renewal begins [\d.]+ s late/,
    );
    expect(printed).toMatch(/The last that happened to it:\n +day 1 [\d:.]+ {2}stores version 1/);
    expect(printed).toContain("Again: npm run simulate -- --seed 3 --secrets 8 --days 1\n");
    expect(printed).not.toContain("Seed 4");
  });

  test("tells as many worlds as it is asked for", async () => {
    const { code, printed } = await run("--seed 5 --seeds 3 --secrets 2 --days 0.1");
    expect([code, printed.match(/Seed \d/g)]).toEqual([0, ["Seed 5", "Seed 6", "Seed 7"]]);
  });

  test("shows what there is to ask for", async () => {
    expect(await run("--help")).toEqual({ code: 0, printed: USAGE, complaints: "" });
  });

  test.each(["--seed", "--seed x", "--seed -1", "--secrets 0", "--days 0", "--secrets 1.5", "--colour red", "5"])(
    "%s is not understood",
    async (line) => expect(await run(line)).toEqual({ code: 2, printed: "", complaints: USAGE }),
  );
});
