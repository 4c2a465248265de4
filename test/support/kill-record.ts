/**
 * What a provider's own record of token requests says of a server that was killed: how far each refresh had come, and which grants
 * could not be saved by anybody. It knows nothing of what the server says about itself.
 */

import type { TokenCall } from "./provider-contract.ts";

/** One run of the server, from its start to its SIGKILL; milliseconds since the epoch. */
export interface Run {
  startedAt: number;
  killedAt: number;
}

/** How far a refresh had come when the server was killed. */
export const PHASES = ["before the request", "before it was processed", "answer on its way", "just answered"] as const;
export type Phase = (typeof PHASES)[number];

/** What the killed process had sent may be read this much later; the next one needs far longer to start. */
const LAST_ARRIVAL_MS = 1000;
/** An answer needs this long at most, on a busy machine, to be read, sealed and stored. */
const STORED_AFTER_MS = 500;
const JUST_MS = 50;

/** Tells how far the refresh under way had come; null when there was none. `isDue`: one was due or asked for. */
export function phaseAtKill(calls: TokenCall[], run: Run, isDue: boolean): Phase | null {
  const last = sentIn(calls, run).at(-1);
  const wasAnswered = last === undefined || isBefore(last.answered_at, run.killedAt);
  if (!wasAnswered) return isBefore(last.processed_at, run.killedAt) ? "answer on its way" : "before it was processed";
  if (isBefore(last?.answered_at, run.killedAt) && !isBefore(last?.answered_at, run.killedAt - JUST_MS)) {
    return "just answered";
  }
  return isDue ? "before the request" : null;
}

/**
 * Decides whether an answer was lost that held the only way on: the provider had rotated for the killed process, and the spent refresh
 * token came again, while the new one never came and was not given once more. An answer that had been out for longer than it takes
 * to store it is no excuse.
 */
export function lostItsAnswer(calls: TokenCall[], run: Run): boolean {
  return sentIn(calls, run).some((call) => {
    if (call.processed_at === undefined || call.issued_sha256 === undefined) return false;
    if (isBefore(call.answered_at, run.killedAt - STORED_AFTER_MS)) return false;
    const after = calls.slice(calls.indexOf(call) + 1);
    const cameAgain = after.some((later) => later.refresh_token_sha256 === call.refresh_token_sha256);
    const isKnown = after.some(
      (later) =>
        later.refresh_token_sha256 === call.issued_sha256 ||
        (later.issued_sha256 === call.issued_sha256 && later.answered_at !== undefined),
    );
    return cameAgain && !isKnown;
  });
}

/** Words the last requests for a person: times in milliseconds from the kill, tokens by their first letters. */
export function wordCalls(calls: TokenCall[], { killedAt }: Run): string {
  const from = (at: string | undefined) => (at === undefined ? "never" : `${Date.parse(at) - killedAt}`);
  const short = (sha256 = "-") => sha256.slice(0, 6);
  const word = (call: TokenCall) =>
    `${from(call.at)}: ${short(call.refresh_token_sha256)} → ${short(call.issued_sha256)}, ` +
    `processed ${from(call.processed_at)}, answered ${from(call.answered_at)} with ${call.status}`;
  return calls.slice(-8).map(word).join("\n");
}

function sentIn(calls: TokenCall[], { startedAt, killedAt }: Run): TokenCall[] {
  return calls.filter(({ at }) => !isBefore(at, startedAt) && isBefore(at, killedAt + LAST_ARRIVAL_MS));
}

function isBefore(at: string | undefined, instant: number): boolean {
  return at !== undefined && Date.parse(at) < instant;
}
