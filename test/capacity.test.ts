/** The arithmetic of docs/CAPACITY.md: what is written there and in the README is what is computed, from prices and counts that stand once. */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { billOf, costOf, limitsMet, monthOf, ratesOf, type Sizes } from "../scripts/capacity/arithmetic.ts";
import { FROM_MEMORY, FROM_ORIGIN, PROVIDER_MS, READS, RENEWAL, type Usage } from "../scripts/capacity/counts.ts";
import { PRICES } from "../scripts/capacity/prices.ts";
import { measure } from "../scripts/capacity/sizes.ts";
import { written } from "../scripts/capacity/written.ts";
import { MOST_AT_ONCE } from "../src/domain/provider-budget.ts";

const MILLION = 1e6;
const HOURS = 730;
const EMPTY = { objectGb: 0, d1Gb: 0 };

const read = (name: string) => readFileSync(name, "utf8");
let sizes: Sizes;
beforeAll(async () => void (sizes = await measure()), 60_000);

describe("what is written of capacity", () => {
  test.each(["docs/CAPACITY.md", "README.md"])("in %s is what `npm run capacity -- --write` would write", (name) => {
    expect(written(sizes, read)[name]).toBe(read(name));
  });

  test("says the same in its sentences as in its tables", () => {
    const millionOf = (usage: Usage) =>
      costOf(billOf([{ times: MILLION, usage }], EMPTY), { withPlan: false }).toFixed(2);
    const met = (what: RegExp, reads: number) => {
      const { share } = limitsMet(reads, sizes).find((limit) => what.test(limit.what)) ?? { share: 0 };
      return Number((1 / share / MILLION).toPrecision(2));
    };
    const [budget, queries] = [met(/calls of one budget/, 0), met(/queries/, 0)];
    const inASecond = MOST_AT_ONCE / (PROVIDER_MS / 1000);
    const page = read("docs/CAPACITY.md").replaceAll(/\s+/g, " ");
    const sentences = [
      `${RENEWAL.objectMs} ms in all`,
      `reads cost $${millionOf(FROM_MEMORY)} from memory and $${millionOf(FROM_ORIGIN)} from the actor`,
      `(${budget} million): each renewal asks`,
      `(${queries} million without reads, ${met(/queries/, 1000)} million with 1,000 of each)`,
      `The sweep's one job** (${met(/sweeps/, 0)} million)`,
      `size of the database** (${met(/size of one/, 0)} million`,
      `The budget lets ${inASecond.toFixed()} go`,
      `within ${(MILLION / inASecond / 60).toFixed()} minutes`,
    ];
    expect(sentences.filter((sentence) => !page.includes(sentence))).toEqual([]);
  });

  test("is put back where a figure was changed in one place alone", () => {
    const spoilt = (name: string) => read(name).replaceAll(/\$\d/g, "$9");
    expect(written(sizes, spoilt)["docs/CAPACITY.md"]).not.toBe(spoilt("docs/CAPACITY.md"));
    expect(written(sizes, spoilt)["README.md"]).toContain(/One secret costs .*/.exec(read("README.md"))?.[0]);
  });
});

test("what an actor takes is what a real one does", () => {
  // test/secret-actor/billed.test.ts holds the runtime to the same.
  expect(sizes.object).toBe(28_672);
});

describe("a month", () => {
  test("of a million secrets has 730 renewals of each, and no requests while nobody reads", () => {
    const month = monthOf({ secrets: MILLION, reads: 0 }, sizes);
    expect(month.objectRowsWritten).toBe(HOURS * MILLION * (RENEWAL.objectRowsWritten ?? 0));
    // What is left are the deliveries of events, fifty messages in each.
    expect(month.workerRequests).toBeCloseTo((HOURS * MILLION) / 50);
  });

  test("in which nothing happens costs the plan, and what is included is free", () => {
    const nothing = billOf([], EMPTY);
    expect(costOf(nothing, { withPlan: true })).toBe(5);
    const included = { ...nothing, objectRowsWritten: PRICES.objectRowsWritten.included };
    expect(costOf(included, { withPlan: true })).toBe(5);
    expect(costOf({ ...included, objectRowsWritten: 51 * MILLION }, { withPlan: true })).toBe(6);
    expect(costOf({ ...nothing, objectRowsWritten: 51 * MILLION }, { withPlan: false })).toBe(51);
  });

  test("has every read answered by somebody", () => {
    expect(READS.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
    const ofSecret = (reads: number) => monthOf({ secrets: 1, reads }, sizes).workerRequests;
    // Their events come in messages of ten, and those fifty at once.
    expect(ofSecret(1000) - ofSecret(0)).toBeCloseTo(1000 + 1000 / 10 / 50);
  });

  test("is logged in full, as the deployment says", () => {
    const settings = read("wrangler.toml");
    expect(settings).toMatch(/\[observability\]\nenabled = true/);
    expect(settings).not.toMatch(/head_sampling_rate|invocation_logs/);
  });
});

describe("a limit", () => {
  test("is met with as many secrets as use all of it, the first of them first", () => {
    const met = limitsMet(0, sizes);
    expect(met.map(({ share }) => share)).toEqual(met.map(({ share }) => share).toSorted((a, b) => b - a));
    const queries = met.find(({ what }) => what.startsWith("queries"));
    const { d1 } = ratesOf({ secrets: 1 / (queries?.share ?? 0), reads: 0 });
    expect(d1.renewals + d1.looks + d1.events).toBeCloseTo(1000);
  });
});
