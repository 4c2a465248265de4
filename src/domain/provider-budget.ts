/**
 * The budget that all secrets of one auth client share at one token host: how many requests may be under way, and a breaker that holds
 * everybody back while the provider is down. Pure functions of what is known, what happened and the time; who stands in line is known to
 * whoever calls them. Instants and delays are milliseconds.
 */

import type { AuthClientId, SecretId } from "./ids.ts";
import type { Heard, Refusal } from "./oauth2/response.ts";

/** One request that wants to be sent, or was. */
export interface Ticket {
  /** Made by who asks, so that a place can be given back although the answer that gave it was lost. */
  id: string;
  secret: SecretId;
  client: AuthClientId;
  /** Host and port of the token endpoint. */
  host: string;
  /** An answer was lost moments ago, and providers take a spent refresh token again for seconds only. */
  isUrgent: boolean;
}

/** Nothing may be sent before this instant. */
export interface HeldBack {
  kind: "held_back";
  until: number;
  because: "provider_down" | "no_room";
}

/** The answer to a ticket. `go`: send now, and tell what came of it. */
export type Admission = { kind: "go" } | HeldBack;

/**
 * What a request says of its provider. `answered`: it lives, whatever it said · `down`: no answer, or one that calls itself broken ·
 * `unknown`: nothing was sent, or nobody heard what came of it.
 */
export type Outcome = "answered" | "down" | "unknown";

/** Where the breaker stands. All that has to outlive a process. */
export type Phase =
  | { kind: "closed" }
  | { kind: "open"; until: number; pauseMs: number }
  /**
   * One request is out to see whether the provider is back; `until` is when it counts as lost, `openUntil` the end of the pause, which one
   * that is urgent did not wait for.
   */
  | { kind: "probing"; ticket: string; until: number; openUntil: number; pauseMs: number };

export interface Budget {
  /** The requests under way, and when each counts as lost. */
  tickets: ReadonlyMap<string, number>;
  phase: Phase;
  /** Failures since the last answer, and the secrets that met them: as many as matter. */
  failures: number;
  failed: readonly SecretId[];
  /** How many were held back since the breaker opened, for the last time. */
  turnedAway: number;
  /** How many are told to come again because there was no room, and have not got in since: about so many are waiting outside. */
  outside: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Requests of one client at one host at a time: what a provider of any size bears, and what the platform's own connections bear. */
export const MOST_AT_ONCE = 200;
/** The longest that somebody stands in line for a place. */
export const LINE_PATIENCE_MS = 5 * SECOND;
/** A place whose holder has not been heard of for so long is free again. Longer than any request may take. */
const TICKET_LIFETIME = MINUTE;
/** The breaker opens after so many failures without an answer in between, if so many secrets met them: one alone proves nothing. */
const FAILURES_TO_OPEN = 5;
const SECRETS_TO_OPEN = 3;
const FIRST_PAUSE = 5 * SECOND;
const LONGEST_PAUSE = MINUTE;
/** How long those who come during a probe are kept away at least. */
const PROBE_PATIENCE = SECOND;
/** Those who are held back come again one by one: the time over which they spread grows by this with each. */
const SPREAD_EACH = 20;
const SHORTEST_SPREAD = SECOND;
const LONGEST_SPREAD = 3 * MINUTE;
/** The least spread of those for whom there was no room. */
const SHORTEST_RETURN = 4 * SECOND;

/** The breaker as it is while all is well. */
export const CLOSED: Phase = { kind: "closed" };

/** Makes a budget of what was known of the breaker. */
export function newBudget(phase: Phase): Budget {
  return { tickets: new Map(), phase, failures: 0, failed: [], turnedAway: 0, outside: 0 };
}

/**
 * Decides whether a request may be sent. `wait`: there is no place; ask again when one is given back, and after `LINE_PATIENCE_MS` no
 * more. One that is urgent may be the probe before the pause is over. `random` is in [0, 1).
 */
export function admit(
  before: Budget,
  { id, isUrgent }: Pick<Ticket, "id" | "isUrgent">,
  now: number,
  random: number,
): { budget: Budget; verdict: Admission | { kind: "wait" } } {
  const budget = withoutExpired(before, now);
  const { phase } = budget;
  // A clock that was set back makes no pause longer.
  const isPause = phase.kind === "open" && phase.until > now && phase.until <= now + LONGEST_PAUSE;
  if (phase.kind === "probing" || (isPause && !isUrgent)) {
    return heldBack(budget, isPause ? phase.until : now + PROBE_PATIENCE, isUrgent ? 0 : random);
  }
  if (budget.tickets.size >= MOST_AT_ONCE) return { budget, verdict: { kind: "wait" } };
  const until = now + TICKET_LIFETIME;
  const tickets = new Map(budget.tickets).set(id, until);
  const probe: Phase =
    phase.kind === "open"
      ? { kind: "probing", ticket: id, until, openUntil: phase.until, pauseMs: phase.pauseMs }
      : phase;
  const outside = Math.max(0, budget.outside - 1);
  return { budget: { ...budget, tickets, outside, phase: probe }, verdict: { kind: "go" } };
}

/** Tells somebody for whom there was no room when to come again: in one to five seconds, or later when many are waiting outside. */
export function comeAgain(before: Budget, now: number, random: number): { budget: Budget; verdict: HeldBack } {
  const budget = { ...before, outside: before.outside + 1 };
  const spread = Math.min(Math.max(budget.outside * SPREAD_EACH, SHORTEST_RETURN), LONGEST_SPREAD);
  const until = now + SECOND + Math.floor(random * spread);
  return { budget, verdict: { kind: "held_back", until, because: "no_room" } };
}

/** Decides what follows from a request that has ended. Also for a ticket that is not known, or no longer. */
export function afterAttempt(
  before: Budget,
  { id, secret }: Pick<Ticket, "id" | "secret">,
  outcome: Outcome,
  now: number,
): Budget {
  const expired = withoutExpired(before, now);
  const tickets = new Map(expired.tickets);
  tickets.delete(id);
  const isRoomy = tickets.size < MOST_AT_ONCE / 2;
  const budget = { ...expired, tickets, outside: isRoomy ? 0 : expired.outside };
  const { phase } = budget;
  if (outcome === "answered") return { ...newBudget(CLOSED), tickets, outside: budget.outside };
  if (phase.kind === "probing" && phase.ticket === id) {
    // A probe that was never sent leaves its turn to the next who asks.
    if (outcome === "unknown") return { ...budget, phase: { kind: "open", until: now, pauseMs: phase.pauseMs } };
    if (phase.openUntil <= now) return reopened(budget, phase.pauseMs, now);
    return { ...budget, phase: { kind: "open", until: phase.openUntil, pauseMs: phase.pauseMs } };
  }
  // What was sent before the breaker opened says nothing new.
  if (outcome === "unknown" || phase.kind !== "closed") return budget;
  const failures = budget.failures + 1;
  const failed = [...new Set([...budget.failed, secret])].slice(0, SECRETS_TO_OPEN);
  const opens = failures >= FAILURES_TO_OPEN && failed.length >= SECRETS_TO_OPEN;
  return opens ? opened(budget, FIRST_PAUSE, now) : { ...budget, failures, failed };
}

/** Says what an answer tells of its provider; null: there is none to judge by. */
export function outcomeOf(heard: Heard | null): Outcome {
  if (heard === null) return "unknown";
  return heard.kind === "refused" && isProviderDown(heard.refusal) ? "down" : "answered";
}

/**
 * Decides whether a refusal means that the provider is down for everybody. 429 does not: many providers count for each user, and one
 * person's limit must not hold back the others, so each secret keeps that pause for itself.
 */
export function isProviderDown({ reason }: Refusal): boolean {
  switch (reason) {
    case "provider_unreachable":
    case "timeout":
    case "server_error":
    case "temporarily_unavailable":
      return true;
    default:
      return /^http_5\d\d$/.test(reason);
  }
}

function heldBack(before: Budget, soonest: number, random: number): { budget: Budget; verdict: HeldBack } {
  const budget = { ...before, turnedAway: before.turnedAway + 1 };
  const spread = Math.min(Math.max(budget.turnedAway * SPREAD_EACH, SHORTEST_SPREAD), LONGEST_SPREAD);
  const until = soonest + Math.floor(random * spread);
  return { budget, verdict: { kind: "held_back", until, because: "provider_down" } };
}

function opened(budget: Budget, pauseMs: number, now: number): Budget {
  const { tickets, outside } = budget;
  return { ...newBudget({ kind: "open", until: now + pauseMs, pauseMs }), tickets, outside };
}

function reopened(budget: Budget, pauseMs: number, now: number): Budget {
  return opened(budget, Math.min(2 * pauseMs, LONGEST_PAUSE), now);
}

/** Frees the places of those who died. A probe that died has failed, at the moment at which that was clear. */
function withoutExpired(before: Budget, now: number): Budget {
  const isOver = (expiresAt: number) => expiresAt <= now;
  let budget = before;
  // All live for as long, so the first to come is the first to go.
  const [oldest] = before.tickets.values();
  if (oldest !== undefined && isOver(oldest)) {
    budget = { ...before, tickets: new Map([...before.tickets].filter(([, expiresAt]) => !isOver(expiresAt))) };
  }
  const { phase } = budget;
  return phase.kind === "probing" && isOver(phase.until) ? reopened(budget, phase.pauseMs, phase.until) : budget;
}
