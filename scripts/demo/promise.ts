/** What the demo promises, what was seen, in figures, and whether the two agree. Pure. */

import type { TokenCall } from "../../test/support/provider-contract.ts";
import type { Seen } from "./steps.ts";

/** How long the provider's access tokens live. */
export const TOKEN_SECONDS = 90;
/** How much of its life a token has left when it is renewed. */
export const LEAD_SECONDS = 60;
/** The alarm may come this much late. */
const PUNCTUAL_WITHIN_SECONDS = 1;

export interface Figures {
  reads: number;
  failed: number;
  lastFailure: string | null;
  firstVersion: number;
  version: number;
  /** How often readers saw a new version. */
  renewals: number;
  codeExchanges: number;
  /** Refresh requests at the provider, whatever it answered. */
  refreshes: number;
  /** For each granted refresh, how many seconds the token before it had left. */
  secondsLeft: number[];
  tokens: number;
  p50Ms: number;
  p99Ms: number;
}

/** Sums up what the steps and the provider saw. */
export function figuresOf(seen: Seen, calls: readonly TokenCall[]): Figures {
  const { reads, failed, lastFailure, firstVersion, version } = seen;
  return {
    ...{ reads, failed, lastFailure, firstVersion, version },
    renewals: version - firstVersion,
    codeExchanges: calls.filter(({ grant_type }) => grant_type === "authorization_code").length,
    refreshes: calls.filter(({ grant_type }) => grant_type === "refresh_token").length,
    secondsLeft: secondsLeft(calls),
    tokens: seen.fingerprints.size,
    p50Ms: percentile(seen.readMs, 0.5),
    p99Ms: percentile(seen.readMs, 0.99),
  };
}

/** Lists, in sentences, what of the promise was not seen. Empty: all of it was. */
export function shortfalls(figures: Figures, promisedRenewals: number): string[] {
  const { reads, failed, lastFailure, renewals, codeExchanges, refreshes, tokens } = figures;
  const leastLeft = Math.min(...figures.secondsLeft);
  const sentences: [isShort: boolean, sentence: string][] = [
    [reads === failed, "No read brought a token."],
    [failed > 0, `${failed} of ${reads} reads failed (last: ${lastFailure}).`],
    [renewals < promisedRenewals, `${renewals} of ${promisedRenewals} awaited renewals were seen.`],
    [refreshes !== renewals, `The provider got ${refreshes} refresh requests, and the renewals seen were ${renewals}.`],
    [codeExchanges !== 1, `The provider got ${codeExchanges} code exchanges for one consent.`],
    [
      leastLeft < LEAD_SECONDS - PUNCTUAL_WITHIN_SECONDS,
      `A token was renewed with only ${leastLeft.toFixed(1)} s left.`,
    ],
    [reads > failed && tokens !== renewals + 1, `There were ${renewals + 1} versions, and ${tokens} different tokens.`],
  ];
  return sentences.filter(([isShort]) => isShort).map(([, sentence]) => sentence);
}

/** Measures at the provider, by one clock: from the request that brought a token to the request that renewed it. */
function secondsLeft(calls: readonly TokenCall[]): number[] {
  const grantedAt = calls.filter(({ status }) => status === 200).map(({ at }) => Date.parse(at));
  return grantedAt.slice(1).map((at, index) => TOKEN_SECONDS - (at - (grantedAt[index] ?? at)) / 1000);
}

/** Gives the smallest value that this share of all values does not exceed; 0 for none. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
