/** What the person sees: the block that is redrawn, the plain lines instead of it, and the words at the end. Pure. */

import type { TokenCall } from "../../test/support/provider-contract.ts";
import { type Figures, LEAD_SECONDS, TOKEN_SECONDS } from "./promise.ts";
import type { Seen } from "./steps.ts";
import type { Paint } from "./terminal.ts";

/** One moment of the demo. */
export interface Moment {
  now: number;
  seen: Seen;
  tokenCalls: readonly TokenCall[];
  awaitedRenewals: number;
  /** The words for a renewal that has just happened. */
  news: string | null;
}

const BAR_CELLS = 36;
const LABEL_WIDTH = 10;

/** Writes one line with its label: "  ✓ Secret    stored". */
export function labelled(paint: Paint, mark: string, label: string, text: string): string {
  const colour = mark === "✗" ? "red" : "green";
  return `  ${paint(colour, mark)} ${paint("bold", label.padEnd(LABEL_WIDTH))}${text}`;
}

/** Draws the moment as the four lines of the block. */
export function block(moment: Moment, paint: Paint): string[] {
  const { seen, tokenCalls } = moment;
  const left = secondsLeft(moment);
  const label = (text: string) => `    ${paint("bold", text.padEnd(LABEL_WIDTH))}`;
  const steps = seen.wentWell.map((ok) =>
    ok === null ? paint("dim", "○") : ok ? paint("green", "●") : paint("red", "●"),
  );
  const failed = `${seen.failed.toLocaleString("en")} failed`;
  const last = seen.lastFailure === null ? "" : ` (last: ${seen.lastFailure})`;
  return [
    "",
    `${label("Token")}${bar(left, paint)} ${paint("bold", `${seconds(left)} left`)}  version ${seen.version}`,
    `${label("Renewal")}${moment.news === null ? renewalAhead(moment, left) : paint(["bold", "green", "inverse"], ` ${moment.news} `)}`,
    `${label("Steps")}${steps.join("")}  ${count(seen.reads, "read")}, ${seen.failed === 0 ? failed : paint("red", failed + last)}`,
    `${label("Provider")}${requests(tokenCalls)}`,
  ];
}

/** Writes the moment as one plain line. */
export function plainLine(moment: Moment): string {
  const { seen, tokenCalls } = moment;
  const token = `version ${seen.version}, ${seconds(secondsLeft(moment))} left`;
  return `${token}; ${count(seen.reads, "read")}, ${seen.failed.toLocaleString("en")} failed; ${count(tokenCalls.length, "token request")}`;
}

/** Words a renewal that the steps have just seen. */
export function renewalNews(figures: Figures): string {
  const left = figures.secondsLeft.at(-1);
  const when = left === undefined ? "" : ` with ${left.toFixed(1)} s left`;
  return `renewed${when}: every read now gives version ${figures.version}`;
}

/** Writes the figures at the end, each with a mark that says whether it is as promised. */
export function summary(figures: Figures, awaited: number, stepCount: number, paint: Paint): string[] {
  const { reads, failed, renewals, codeExchanges, refreshes, tokens } = figures;
  const least = Math.min(...figures.secondsLeft);
  const left = least === Infinity ? "" : `; the least time that was left: ${least.toFixed(1)} s`;
  const line = (ok: boolean, label: string, text: string) => labelled(paint, ok ? "✓" : "✗", label, text);
  return [
    line(
      failed === 0 && reads > 0,
      "Reads",
      `${count(reads, "read")} by ${stepCount} steps, ${failed.toLocaleString("en")} failed`,
    ),
    line(
      reads > failed,
      "Speed",
      `p50 ${milliseconds(figures.p50Ms)}, p99 ${milliseconds(figures.p99Ms)} for a read, on this machine`,
    ),
    line(renewals >= awaited, "Renewals", `${renewals}, version ${figures.firstVersion} → ${figures.version}${left}`),
    line(
      codeExchanges === 1 && refreshes === renewals,
      "Provider",
      `${count(codeExchanges + refreshes, "token request")}: ${count(codeExchanges, "code exchange")} + ${refreshes} for ${count(renewals, "renewal")}`,
    ),
    line(
      tokens === renewals + 1,
      "Tokens",
      `${count(tokens, "different token")} for ${count(renewals + 1, "version")}`,
    ),
  ];
}

/** Draws what is left of the token's life; the line in it is where the renewal comes. */
function bar(left: number, paint: Paint): string {
  const cells = Math.round((Math.min(left, TOKEN_SECONDS) / TOKEN_SECONDS) * BAR_CELLS);
  const mark = (LEAD_SECONDS / TOKEN_SECONDS) * BAR_CELLS;
  const text = "█".repeat(cells).padEnd(BAR_CELLS, "░");
  const colour = left > LEAD_SECONDS - 1 ? "green" : "yellow";
  return `${paint(colour, text.slice(0, mark))}┃${paint(colour, text.slice(mark))}`;
}

function renewalAhead({ seen, awaitedRenewals }: Moment, left: number): string {
  const ahead = Math.ceil(left) - LEAD_SECONDS;
  const when = ahead > 0 ? `in ${ahead} s` : "now";
  return `at ${LEAD_SECONDS} s left (┃), ${when}; ${seen.version - seen.firstVersion} of ${awaitedRenewals} seen`;
}

function requests(calls: readonly TokenCall[]): string {
  const codes = calls.filter(({ grant_type }) => grant_type === "authorization_code").length;
  return `${count(calls.length, "token request")}: ${count(codes, "code exchange")}, ${count(calls.length - codes, "refresh", "refreshes")}`;
}

function secondsLeft({ now, seen }: Moment): number {
  return Math.max(0, (seen.expiresAt - now) / 1000);
}

/** Rounds up, since instants on the wire have lost their fraction. */
function seconds(value: number): string {
  return `${Math.ceil(value)} s`;
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
