/** Why a grant was lost, by what the provider knows. A loss that has no reason here was one by our own hand. */

import type { Exchange, SimulatedSecret } from "./secret.ts";

/** A grant that is over. */
export interface Loss {
  secret: number;
  provider: string;
  at: number;
  why: string;
  /** What the engine said of it. */
  reported: string;
}

/** Within so long after a lost answer the same refresh token is sent again. */
const FIRST_TRY_MS = 6000;
/** A quick try comes after four seconds, and D1 and the budget may keep it waiting. */
const QUICK_MS = 12_000;

/** What ended a grant: the answer that carried its successor was lost, or something that no engine can help. */
export type Cause =
  { kind: "ended"; why: string } | { kind: "answer lost"; why: string } | { kind: "none"; why: string };

/** Finds out what ended the grant that is stored. */
export function causeOf(secret: SimulatedSecret, now: number): Cause {
  const token = secret.refreshToken;
  const family = token === null ? null : secret.provider.family(token);
  if (token === null || family === null) return { kind: "none", why: "nobody ever issued its refresh token" };
  const end = family.endAt(now);
  if (end !== null && end !== "a spent refresh token came again") return { kind: "ended", why: end };
  const number = Number(token.split(" ").at(-1));
  if (family.takes(number, now)) return { kind: "none", why: "the provider would still take its refresh token" };

  const ender = secret.exchanges.find(({ endedFamily, fate }) => endedFamily && fate !== "heard");
  if (ender !== undefined && ender.refreshToken !== token) {
    return {
      kind: "ended",
      why: `${ender.loss}, but the request came to the provider after its repetition, and ended the family`,
    };
  }
  const unheard = secret.exchanges.filter((each) => each.issued !== null && !each.isStored && !each.isCode);
  const lost = unheard.find((each) => each.refreshToken === token) ?? unheard.at(-1);
  if (lost === undefined)
    return { kind: "none", why: `${end ?? "its refresh token was spent"}, and no answer was lost` };
  const windowEndsAt = family.graceEndsAt(number) ?? Number.NEGATIVE_INFINITY;
  const miss = whyMissed(secret, lost, windowEndsAt, now);
  const how = lost.loss ?? "nobody waited for the answer any more";
  const graceMs = family.rotation.graceMs;
  if (graceMs === 0) return { kind: "answer lost", why: `${how}; the provider takes no spent token again` };
  const grace = `the provider takes a spent token again for ${(graceMs / 1000).toFixed(0)} s`;
  return miss === null
    ? { kind: "none", why: `${how}; ${grace}, and nobody tried in that time` }
    : { kind: "answer lost", why: `${how}; ${grace}, ${miss}` };
}

/** Says why the same refresh token did not come again, or was not answered, inside the reuse window; null: it could have been. */
function whyMissed(secret: SimulatedSecret, lost: Exchange, windowEndsAt: number, now: number): string | null {
  const same = secret.exchanges.filter((each) => each.refreshToken === lost.refreshToken);
  const isInWindow = ({ sentAt }: Exchange) => sentAt > lost.sentAt && sentAt < windowEndsAt;
  if (same.some(isInWindow)) return "and the tries in that time failed too";
  if (windowEndsAt - (lost.endedAt ?? now) < FIRST_TRY_MS) return "which was over too soon";
  // A try that came quickly after a lost answer is followed by the usual pause (docs/decisions/0012).
  const wasQuick = same.some(
    ({ endedAt }) => endedAt !== null && endedAt <= lost.sentAt && lost.sentAt - endedAt < QUICK_MS,
  );
  if (wasQuick) return "and it had been a quick try itself";
  if (secret.lateAlarmAt >= lost.sentAt) return "and the alarm was late";
  if (secret.isClockOff) return "and the clock was wrong";
  return secret.disturbedAt >= lost.sentAt ? "and nobody was awake in that time" : null;
}
