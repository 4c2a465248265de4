/**
 * Providers that hang, drip, flood, lie, redirect and reset, twenty secrets at each, on a running server: what the readers of those
 * secrets notice of it, what the other secrets do, and what it costs. The figures stand below the tests.
 */

import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type HostileProvider,
  HOSTILITIES,
  type Hostility,
  SLOW,
  startHostileProvider,
  type Visit,
} from "../support/hostile-provider.ts";
import { ServerProcess, temporaryFolder } from "../support/server-process.ts";
import { LEADING, type Sample, SECRETS, Siege } from "../support/siege.ts";

/** A provider that is busy hears so late at most that a connection was closed. */
const HEARD_LATE_MS = 1000;
const SECOND = 1000;
const MIB = 1024 * 1024;
/** A request may take 20 s, or 40 s while the token outlives it; and the machine is busy. */
const [TIMEOUT_MS, PATIENT_TIMEOUT_MS, SLACK_MS] = [20 * SECOND, 40 * SECOND, 2 * SECOND];
const PATIENCE_MS = 12 * SECOND;
/** Whoever waits for a provider that hangs, waits longer. */
const UNNOTICED_MS = 5 * SECOND;
/** 1 MiB is read; the rest fills what lies between two sockets. */
const MOST_PUSHED = 32 * MIB;
const MOST_GROWTH_MIB = 150;

const REASONS: Record<Hostility, string> = {
  hangs: "timeout",
  "drips a body": "timeout",
  "drips a header": "timeout",
  "sends a gigabyte": "response_too_large",
  "sends it in chunks": "response_too_large",
  "sends it as gzip": "response_too_large",
  "sends it as brotli": "response_too_large",
  "sends 1 MB of headers": "provider_unreachable",
  "sends endless headers": "provider_unreachable",
  redirects: "redirect_refused",
  resets: "provider_unreachable",
  "sends HTML": "unsupported_format",
};

// Hundreds of small databases are much work for a disk, and the disk is not what is measured.
const folder = temporaryFolder(existsSync("/dev/shm") ? "/dev/shm" : undefined);
let server: ServerProcess;
let provider: HostileProvider;
let siege: Siege;
let visits: Visit[];

beforeAll(async () => {
  provider = await startHostileProvider();
  server = await ServerProcess.start(folder.path);
  siege = new Siege(server, provider);
  await siege.run();
  visits = provider.visits.filter(({ at }) => at >= siege.turnedAt).map((visit) => ({ ...visit }));
}, 240_000);

afterAll(async () => {
  await server.stop();
  await provider.close();
  folder.remove();
  if (siege.after.length > 0) process.stdout.write(figures());
});

const of = <T extends { behaviour: string }>(all: T[], behaviour: string): T[] =>
  all.filter((each) => each.behaviour === behaviour);

const times = (samples: Sample[]): number[] => samples.map(({ ms }) => ms);

/** Gives the number below which this part of all numbers is. */
function quantile(numbers: number[], part: number): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The same request of one secret, over and over: its visits, in order. */
function attemptsAt(behaviour: string): Visit[][] {
  return Object.values(Object.groupBy(of(visits, behaviour), ({ refreshToken }) => refreshToken ?? "")).map(
    (each) => each ?? [],
  );
}

/** The pauses after a lost answer, with room. */
const AGAIN_MS = 10_000;

/** Decides whether an attempt ended so long before the last one of all that its secret should have had another. */
function isLongOver([first]: Visit[]): boolean {
  const lastAt = Math.max(...visits.map(({ at }) => at));
  return (first?.closedAt ?? Number.POSITIVE_INFINITY) < lastAt - AGAIN_MS;
}

/** Counts the secrets that the budget held back. */
function heldBackAt(behaviour: string): number {
  const lines = of(siege.refreshes(), behaviour).filter(({ outcome }) => outcome === "held_back");
  return new Set(lines.map(({ secret_id }) => secret_id)).size;
}

/** What half of all calls must not exceed: three times what it was before, by the clock of a busy machine. */
const usual = (calm: Sample[]): number => 3 * quantile(times(calm), 0.5) + 100;

const failed = (calls: Sample[]): Sample[] => calls.filter(({ status }) => status !== 200);

describe.each(HOSTILITIES)("a provider that %s", (behaviour) => {
  const isSlow = SLOW.includes(behaviour);

  test("is not noticed by who reads a valid token, be the refresh a caller's or the alarm's", () => {
    for (const [all, secrets] of [
      [siege.reads.besieged, SECRETS],
      [siege.reads.leading, LEADING],
    ] as const) {
      const reads = of(all, behaviour);
      expect(failed(reads)).toEqual([]);
      // Each was read, and more than once: how often is for the machine to say.
      expect(reads.length).toBeGreaterThanOrEqual(2 * secrets);
      expect(quantile(times(reads), 0.5)).toBeLessThan(usual(siege.reads.calm));
      expect(Math.max(...times(reads))).toBeLessThan(UNNOTICED_MS);
    }
  });

  test("has its attempts ended in time, for a reason that says what it does", () => {
    // Those that the budget holds back meanwhile are no attempts.
    const lines = of(siege.refreshes(), behaviour).filter(({ outcome }) => outcome === "refused");
    expect(lines.length).toBeGreaterThanOrEqual(SECRETS);
    expect(new Set(lines.map(({ reason }) => reason))).toEqual(new Set([REASONS[behaviour]]));
    const longest = Math.max(...lines.map(({ duration_ms }) => duration_ms));
    expect(longest).toBeLessThan((isSlow ? PATIENT_TIMEOUT_MS : TIMEOUT_MS) + SLACK_MS);
    const ended = visits.filter(({ at }) => at < Date.now() - PATIENT_TIMEOUT_MS - SLACK_MS);
    expect(of(ended, behaviour).filter(({ closedAt }) => closedAt === null)).toEqual([]);
  });

  test("can push no more than is read", () => {
    expect(Math.max(...of(visits, behaviour).map(({ pushed }) => pushed))).toBeLessThan(MOST_PUSHED);
  });

  test("answers nobody whose token has expired, who is told so in time", () => {
    const [read] = of(siege.expired, behaviour);
    const isRefused = behaviour === "redirects";
    expect(read?.ms).toBeLessThan(isRefused ? UNNOTICED_MS : PATIENCE_MS + SLACK_MS);
    expect([read?.status, read?.body.errors[0].code]).toEqual(
      isRefused ? [424, "client_misconfigured"] : [503, "provider_unreachable"],
    );
    if (!isRefused) expect(Number(read?.retryAfter)).toBeGreaterThan(0);
  });

  test("is asked again with the same token, one request at a time", () => {
    const attempts = attemptsAt(behaviour);
    expect(attempts.length).toBeGreaterThanOrEqual(SECRETS);
    const once = attempts.filter((each) => each.length === 1);
    if (behaviour === "redirects") expect(once).toHaveLength(attempts.length);
    // Whoever was asked last, or was held back by the budget since, has had no second turn yet.
    else if (!isSlow) expect(once.filter(isLongOver).length).toBeLessThanOrEqual(heldBackAt(behaviour));
    for (const each of attempts) {
      const overlapping = each.filter(
        (visit, index) => index > 0 && visit.at + HEARD_LATE_MS < (each[index - 1]?.closedAt ?? Infinity),
      );
      expect(overlapping).toEqual([]);
    }
  });

  test("leaves its secrets as they are, with a health that says what is wrong", () => {
    const status = behaviour === "redirects" ? "client_misconfigured" : "degraded";
    const shown = of(siege.after, behaviour).map(({ body }) => body.data.attributes);
    expect(shown).toHaveLength(SECRETS);
    for (const { version, health } of shown) {
      expect({ version, ...health }).toMatchObject({ version: 2, status, reason: REASONS[behaviour] });
    }
  });
});

describe("meanwhile", () => {
  test("nobody followed a redirect", () => {
    expect(of(visits, "redirects").length).toBeGreaterThanOrEqual(SECRETS);
    expect(of(visits, "trap")).toEqual([]);
  });

  test("those whose providers mean well are renewed as before, with what may stand before an answer or without", () => {
    const { calm, besieged } = siege.renewals;
    expect(failed(besieged)).toEqual([]);
    expect(besieged.length).toBeGreaterThan(SECRETS);
    expect(quantile(times(besieged), 0.5)).toBeLessThan(usual(calm));
    expect(Math.max(...times(besieged))).toBeLessThan(UNNOTICED_MS);
    expect(siege.lateness.besieged.length).toBeGreaterThan(0);
    expect(Math.max(...siege.lateness.besieged)).toBeLessThan(UNNOTICED_MS);
  });

  test("one gigabyte, and twenty at once of each form, cost less than 150 MiB", () => {
    const waves = siege.memory.filter(({ what }) => what !== "all of it");
    expect(waves).toHaveLength(HOSTILITIES.length + 1);
    for (const { before, peak } of waves) expect(peak - before).toBeLessThan(MOST_GROWTH_MIB);
  });
});

/** The figures of this run, as a table. */
function figures(): string {
  const round = (...numbers: number[]) => numbers.map((each) => Math.round(each).toLocaleString("en")).join(" / ");
  const spread = (numbers: number[]) => round(quantile(numbers, 0.5), quantile(numbers, 0.99), Math.max(...numbers));
  const line = (first: string, ...columns: string[]) =>
    [first.padEnd(24), ...columns.map((column) => column.padStart(27))].join("");
  const refreshes = siege.refreshes().filter(({ outcome }) => outcome !== "granted");
  const { calm } = siege.reads;
  return [
    "",
    "Milliseconds are p50 / p99 / most; memory is that of workerd.",
    line("", "reads, valid", "reads, in the lead", "read, expired", "attempts", "pushed, KiB", "MiB before / peak"),
    line("before", spread(times(calm))),
    ...HOSTILITIES.map((behaviour) => {
      const { before = Number.NaN, peak = Number.NaN } = siege.memory.find(({ what }) => what === behaviour) ?? {};
      return line(
        behaviour,
        spread(times(of(siege.reads.besieged, behaviour))),
        spread(times(of(siege.reads.leading, behaviour))),
        round(...times(of(siege.expired, behaviour))),
        spread(of(refreshes, behaviour).map((each) => each.duration_ms)),
        round(Math.max(...of(visits, behaviour).map(({ pushed }) => pushed)) / 1024),
        round(before, peak),
      );
    }),
    ...siege.memory
      .filter(({ what }) => !HOSTILITIES.some((each) => each === what))
      .map(({ what, before, peak }) => line(what, "", "", "", "", "", round(before, peak))),
    `Refreshes of the others: ${spread(times(siege.renewals.calm))} before, ${spread(times(siege.renewals.besieged))} meanwhile`,
    `Their alarms were late:  ${spread(siege.lateness.calm)} before, ${spread(siege.lateness.besieged)} meanwhile`,
    "",
  ].join("\n");
}
