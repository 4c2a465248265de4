/** Tells a story in a few lines: what was simulated, what happened, what was lost and why; or which promise was broken, and how it came to that. */

import type { Happening } from "./secret.ts";
import { type Breach, type Options, type Story, T0 } from "./simulation.ts";

const DAY = 86_400_000;
const PROMISES = {
  A: "no stale token",
  B: "no lost grant by our hand",
  C: "one flight",
  D: "on time",
  E: "nobody starves",
  F: "a valid token is always served",
};

/** Gives the command that tells the same story again. */
export function replay({ seed, secrets, days }: Options): string {
  return `npm run simulate -- --seed ${seed} --secrets ${secrets} --days ${days}`;
}

/** Tells a story. */
export function report(story: Story): string[] {
  const { options, mood, counts, faults, losses, steps, breach } = story;
  const of = (what: string) => number(counts.get(what) ?? 0);
  const struck = [...faults].toSorted(([, one], [, other]) => other - one);
  const total = struck.reduce((sum, [, count]) => sum + count, 0);
  const reasons = tally(losses.map(({ why }) => why.replaceAll(/\d[\d.]* s/g, "some s")));
  const lines = [
    `Seed ${options.seed}: ${number(options.secrets)} secrets, ${options.days} days; it is a ${mood} world.`,
    "",
    labelled(
      "Renewals",
      `${of("renewals")} by ${of("token requests")} token requests, of which ${of("requests that failed")} failed`,
    ),
    labelled(
      "Callers",
      `${of("reads")} reads: ${of("reads that waited")} waited, ${of("reads without a token")} got none; ${of("refresh calls")} refreshes`,
    ),
    labelled("Grants", `${of("grants that were brought")} by consent, import or PATCH`),
    labelled("Faults", `${number(total)}; ${of("processes that died")} processes died`),
    ...struck.map(([kind, count]) => counted(count, kind)),
    labelled("Losses", losses.length === 0 ? "none" : `${number(losses.length)} grants, none by our hand`),
    ...reasons.map(([why, count]) => counted(count, why)),
  ];
  if (breach === null) return [...lines, labelled("Promises", `A to F kept after each of ${number(steps)} steps`)];
  return [...lines, "", ...reportBreach(breach)];
}

/** Tells how a promise was broken. */
export function reportBreach({ promise, secret, provider, at, how, trace }: Breach): string[] {
  return [
    `Broken: ${promise}, ${PROMISES[promise]}. Secret ${secret} of ${provider}, ${instant(at)}:`,
    `  ${how}`,
    "",
    "The last that happened to it:",
    ...trace.map(happened),
  ];
}

function happened({ at, what, times, until }: Happening): string {
  const again = times === 1 ? "" : `, ${number(times)} times until ${instant(until)}`;
  return `  ${instant(at)}  ${what}${again}`;
}

function labelled(label: string, text: string): string {
  return `  ${label.padEnd(9)} ${text}`;
}

function counted(count: number, what: string): string {
  return `  ${number(count).padStart(16)}  ${what}`;
}

function tally(texts: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([, one], [, other]) => other - one);
}

function number(value: number): string {
  return value.toLocaleString("en");
}

/** An instant as its day and time of day: `day 3 04:05:06.789`. */
function instant(moment: number): string {
  const day = Math.floor((moment - T0) / DAY) + 1;
  return `day ${day} ${new Date(moment).toISOString().slice(11, 23)}`;
}
