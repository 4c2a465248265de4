/** The figures as docs/CAPACITY.md and the README show them: tables between two markers, and one sentence. */

import {
  type Bill,
  billOf,
  costOf,
  limitsMet,
  listPrice,
  monthOf,
  ratesOf,
  type Sizes,
  trailBytes,
} from "./arithmetic.ts";
import { CREATION } from "./counts.ts";
import { LIMITS, type Meter, PRICES, READ_ON } from "./prices.ts";

/** Between these lines of docs/CAPACITY.md, everything is written by `npm run capacity -- --write`. */
export const BEGIN = "<!-- npm run capacity -- --write -->";
export const END = "<!-- to here -->";

const SECRETS = [1e4, 1e6, 1e8];
const NAMES = ["10⁴", "10⁶", "10⁸"];
const READS = [0, 100, 1000, 10_000];
/** The reads of each secret in a month that go with figures that name none. */
const USUAL_READS = 1000;
const KB = 1000;
const GB = 1e9;
const MILLION = 1e6;

/** Writes the tables. */
export function tables(sizes: Sizes): string {
  return [prices(), oneSecret(sizes), months(sizes), seconds(sizes), limits(sizes)].join("\n\n");
}

/** Writes the README's sentence. */
export function sentence(sizes: Sizes): string {
  const kept = costOf(monthOf({ secrets: 1, reads: 0 }, sizes), { withPlan: false });
  const read = costOf(thousandReads(sizes), { withPlan: false });
  return (
    `One secret costs about ${dollars(kept)} a month at one refresh an hour, and ${dollars(read)} more for each 1,000 reads, at list prices: ` +
    "[docs/CAPACITY.md](docs/CAPACITY.md) has the arithmetic up to 10⁸ secrets."
  );
}

function prices(): string {
  const rows = Object.values(PRICES).map(({ what, usd, per, included, page }) => [
    what,
    `$${usd.toFixed(usd < 0.01 ? 3 : 2)}${per === 1 ? "" : " a million"}`,
    included.toLocaleString("en-US"),
    `[${new URL(page).pathname.split("/")[1]}](${page})`,
  ]);
  return table([`what is billed (read on ${READ_ON})`, "price", "included in a month", "page"], rows);
}

function oneSecret(sizes: Sizes): string {
  const kept = monthOf({ secrets: 1, reads: 0 }, sizes);
  const made = billOf([{ times: 1, usage: CREATION }], { objectGb: 0, d1Gb: 0 });
  const bills = [kept, thousandReads(sizes), made];
  const rows = (Object.keys(PRICES) as Meter[]).map((meter) => {
    const { what } = PRICES[meter];
    // A secret's part of a gigabyte is told in kilobytes.
    const isGb = /, GB\b(?!-s)/.test(what);
    const cells = bills.flatMap((bill) => [
      count(isGb ? (bill[meter] * GB) / KB : bill[meter]),
      `$${count(listPrice(meter, bill[meter] * MILLION))}`,
    ]);
    return [isGb ? what.replace("GB", "kB") : what, ...cells];
  });
  const sums = bills.flatMap((bill) => ["", `**$${count(costOf(bill, { withPlan: false }) * MILLION)}**`]);
  const heads = ["one secret, a month", "its 1,000 reads", "making it"].flatMap((head) => [head, "for a million"]);
  return table(["at list prices, nothing included", ...heads], [...rows, ["together", ...sums]]);
}

function months(sizes: Sizes): string {
  const rows = SECRETS.map((secrets, at) => [
    NAMES[at] ?? "",
    ...READS.map((reads) => {
      const cost = costOf(monthOf({ secrets, reads }, sizes), { withPlan: true });
      return `$${count(cost)}`;
    }),
  ]);
  const heads = READS.map((reads) => (reads === 0 ? "no reads" : `${count(reads)} reads of each`));
  return table(["secrets: a month, with the plan and what it includes", ...heads], rows);
}

function seconds(sizes: Sizes): string {
  const rates = SECRETS.map((secrets) => ratesOf({ secrets, reads: USUAL_READS }));
  const queries = rates.map(({ d1 }) => d1.renewals + d1.reads + d1.looks + d1.events);
  const gigabytes = (bytes: number) => SECRETS.map((secrets) => `${count((secrets * bytes) / GB)} GB`);
  const half = (used: number, most: number) => count(Math.ceil(used / (most / 2)));
  const rows = [
    ["renewals, each an alarm and a token request", ...rates.map(({ renewals }) => count(renewals))],
    ["token requests under way", ...rates.map(({ underWay }) => count(underWay))],
    ["token reads", ...rates.map(({ reads }) => count(reads))],
    ["calls and alarms of objects", ...rates.map(({ objectRequests }) => count(objectRequests))],
    ["secrets that the sweep looks at", ...rates.map(({ looks }) => count(looks))],
    ["queries in D1: clients, for renewals", ...rates.map(({ d1 }) => count(d1.renewals))],
    ["queries in D1: callers, for reads", ...rates.map(({ d1 }) => count(d1.reads))],
    ["queries in D1: the sweep", ...rates.map(({ d1 }) => count(d1.looks))],
    ["queries in D1: events", ...rates.map(({ d1 }) => count(d1.events))],
    ["messages to the queue of events", ...rates.map(({ messages }) => count(messages))],
    [`D1, ${count(sizes.row)} bytes each`, ...gigabytes(sizes.row)],
    [`events of 90 days, ${count(sizes.event)} bytes each`, ...gigabytes(trailBytes(USUAL_READS, sizes))],
    [`objects, ${count(sizes.object / KB)} kB each`, ...gigabytes(sizes.object)],
    ["databases for these queries, half busy", ...queries.map((used) => half(used, LIMITS.d1QueriesPerSecond))],
    ["databases for this size, half full", ...SECRETS.map((n) => half((n * sizes.row) / GB, LIMITS.d1Gb))],
  ];
  return table([`in a second, at ${count(USUAL_READS)} reads of each a month`, ...NAMES], rows);
}

function limits(sizes: Sizes): string {
  const rows = limitsMet(USUAL_READS, sizes).map(({ what, share }) => [
    what,
    metAt(1 / share),
    ...SECRETS.map((secrets) => part(secrets * share)),
  ]);
  return table(["limit", "met at", ...NAMES.map((name) => `used by ${name}`)], rows);
}

function thousandReads(sizes: Sizes): Bill {
  const [kept, read] = [0, 1000].map((reads) => monthOf({ secrets: 1, reads }, sizes));
  const entries = Object.entries(read ?? {}).map(([meter, used]) => [meter, used - (kept?.[meter as Meter] ?? 0)]);
  return Object.fromEntries(entries) as Bill;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map(line).join("\n");
}

function metAt(secrets: number): string {
  return secrets < MILLION / 2 ? count(secrets) : `${count(secrets / MILLION)} million`;
}

/** Writes a number with as many digits as mean something: two or three. */
function count(value: number): string {
  const figures = Number(value.toPrecision(value >= 1e4 || value < 1 ? 2 : 3));
  return figures.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** Writes a small amount with two digits. */
function dollars(value: number): string {
  return `$${Number(value.toPrecision(2))}`;
}

function part(share: number): string {
  return share >= 1 ? `**${count(share)}×**` : `${count(share * 100)} %`;
}
