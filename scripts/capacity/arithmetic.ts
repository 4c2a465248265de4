/** The arithmetic: from what events use, how many secrets there are and how often they are read, to dollars, to rates, and to the first limit. */

import { nextLook } from "../../src/domain/overdue.ts";
import { MOST_AT_ONCE } from "../../src/domain/provider-budget.ts";
import {
  LOG_EVENT_BYTES,
  LOOK,
  PROVIDER_MS,
  READS,
  READS_AT_ONCE,
  READS_TOLD,
  RENEWAL,
  RENEWAL_TOLD,
  type Usage,
} from "./counts.ts";
import { LIMITS, LOG_MONTHS, type Meter, OBJECT_GB, PLAN_USD, PRICES } from "./prices.ts";

/** What a month uses of each thing that is billed. */
export type Bill = Record<Meter, number>;

/** How large things are, in bytes. Measured in `sizes`. */
export interface Sizes {
  /** A secret's row in D1 and its places in the indexes. */
  row: number;
  /** An event in D1, and its places in the indexes. */
  event: number;
  /** A secret's object, as the platform stores it. */
  object: number;
}

/** How much there is to do. `reads`: of each secret in a month. */
export interface Load {
  secrets: number;
  reads: number;
}

const GB = 1e9;
const HOURS_OF_MONTH = (365 * 24) / 12;
const SECONDS_OF_HOUR = 3600;
const SECONDS_OF_MONTH = HOURS_OF_MONTH * SECONDS_OF_HOUR;
/** How long a secret that is well is left alone by the sweep: the middle of what `nextLook` may say. */
const LOOK_EVERY_SECONDS = nextLook({ overdueSince: null, nextDueAt: null }, 0, 0.5) / 1000;
/** As long as events are kept when nothing else is set, in months. */
const AUDIT_MONTHS = (90 * 24) / HOURS_OF_MONTH;
/** One refresh an hour. */
const RENEWALS_OF_MONTH = HOURS_OF_MONTH;
const LOOKS_OF_MONTH = SECONDS_OF_MONTH / LOOK_EVERY_SECONDS;

/** How many secrets the sweep's one job asks in a second: fifty at once, a fifth of a second for each fifty. An estimate. */
const LOOKS_OF_ONE_JOB = 250;

/** How many messages one consumer takes in a second: fifty at once, a tenth of a second for each fifty. An estimate. */
const MESSAGES_OF_ONE_CONSUMER = 500;
/** As many events are kept at most (src/events/retention.ts). */
const MOST_EVENTS = 20_000_000;

/** Something that happens so many times, and what it uses each time. */
interface Event {
  times: number;
  usage: Usage;
}

/** Adds up what several events use. */
function total(events: Event[], use: keyof Usage): number {
  return events.reduce((sum, { times, usage }) => sum + times * (usage[use] ?? 0), 0);
}

/** What a month's events are: so many of each. */
function eventsOf({ secrets, reads }: Load): Event[] {
  return [
    { times: secrets * RENEWALS_OF_MONTH, usage: RENEWAL },
    { times: secrets * LOOKS_OF_MONTH, usage: LOOK },
    ...READS.map(({ share, usage }) => ({ times: secrets * reads * share, usage })),
  ];
}

/** What is told of them to the trail, in a month. */
function toldOf({ secrets, reads }: Load): Event[] {
  return [
    { times: secrets * RENEWALS_OF_MONTH, usage: RENEWAL_TOLD },
    { times: (secrets * reads) / READS_AT_ONCE, usage: READS_TOLD },
  ];
}

/** How many bytes the trail of one secret takes: its renewals and reads of `AUDIT_DAYS`. */
export function trailBytes(reads: number, { event }: Pick<Sizes, "event">): number {
  return (RENEWALS_OF_MONTH + reads) * AUDIT_MONTHS * event;
}

/** Makes what is billed of events and of what is stored. */
export function billOf(events: Event[], stored: Pick<Bill, "objectGb" | "d1Gb">): Bill {
  const logGb = (total(events, "logEvents") * LOG_EVENT_BYTES) / GB;
  return {
    workerRequests: total(events, "workerRequests"),
    workerCpuMs: total(events, "workerCpuMs"),
    objectRequests: total(events, "objectRequests"),
    objectGbSeconds: (total(events, "objectMs") / 1000) * OBJECT_GB,
    objectRowsRead: total(events, "objectRowsRead"),
    objectRowsWritten: total(events, "objectRowsWritten"),
    d1RowsRead: total(events, "d1RowsRead"),
    d1RowsWritten: total(events, "d1RowsWritten"),
    queueOperations: total(events, "queueOperations"),
    logGb,
    logGbMonths: logGb * LOG_MONTHS,
    ...stored,
  };
}

/** Gives what a month of this load uses. */
export function monthOf(load: Load, sizes: Sizes): Bill {
  const d1 = sizes.row + trailBytes(load.reads, sizes);
  const stored = { objectGb: (load.secrets * sizes.object) / GB, d1Gb: (load.secrets * d1) / GB };
  return billOf([...eventsOf(load), ...toldOf(load)], stored);
}

/** Says what a use costs by itself, as if nothing were included. */
export function listPrice(meter: Meter, used: number): number {
  const { usd, per } = PRICES[meter];
  return (used / per) * usd;
}

/** Gives what a bill comes to: at list prices, or with the plan's own price and what it includes. */
export function costOf(bill: Bill, { withPlan }: { withPlan: boolean }): number {
  const meters = Object.keys(PRICES) as Meter[];
  return meters.reduce(
    (sum, meter) => sum + listPrice(meter, Math.max(0, bill[meter] - (withPlan ? PRICES[meter].included : 0))),
    withPlan ? PLAN_USD : 0,
  );
}

/** What a load does in a second, all of it spread evenly. */
export interface Rates {
  /** Renewals, each an alarm. */
  renewals: number;
  reads: number;
  /** Secrets at which the sweep looks. */
  looks: number;
  objectRequests: number;
  /** Queries in D1, by what they are for. */
  d1: { renewals: number; reads: number; looks: number; events: number };
  /** Messages to the queue of events. */
  messages: number;
  /** Requests to providers that are under way at one time. */
  underWay: number;
}

export function ratesOf(load: Load): Rates {
  const [renewals, looks, ...reads] = eventsOf(load);
  const perSecond = (events: (Event | undefined)[], use: keyof Usage) =>
    total(
      events.filter((event) => event !== undefined),
      use,
    ) / SECONDS_OF_MONTH;
  const renewalsOfSecond = load.secrets / SECONDS_OF_HOUR;
  return {
    renewals: renewalsOfSecond,
    reads: (load.secrets * load.reads) / SECONDS_OF_MONTH,
    looks: load.secrets / LOOK_EVERY_SECONDS,
    objectRequests: perSecond([renewals, looks, ...reads], "objectRequests"),
    d1: {
      renewals: perSecond([renewals], "d1Queries"),
      reads: perSecond(reads, "d1Queries"),
      looks: perSecond([looks], "d1Queries"),
      events: perSecond(toldOf(load), "d1Queries"),
    },
    messages: toldOf(load).reduce((sum, { times }) => sum + times, 0) / SECONDS_OF_MONTH,
    underWay: (renewalsOfSecond * PROVIDER_MS) / 1000,
  };
}

/** A limit, and how much of it one secret takes. */
export interface Limit {
  what: string;
  share: number;
}

/** Gives the limits in the order in which they are met, at so many reads of each secret in a month. */
export function limitsMet(reads: number, sizes: Sizes): Limit[] {
  const { row } = sizes;
  const one = ratesOf({ secrets: 1, reads });
  const budgetCalls = (RENEWAL.objectRequests ?? 0) - 1;
  const queries = one.d1.renewals + one.d1.reads + one.d1.looks + one.d1.events;
  return [
    {
      what: "calls of one budget, if all are of one client at one host",
      share: (budgetCalls * one.renewals) / LIMITS.objectRequestsPerSecond,
    },
    { what: "room in that budget", share: one.underWay / MOST_AT_ONCE },
    { what: "queries of one D1 database", share: queries / LIMITS.d1QueriesPerSecond },
    { what: "the one job that sweeps", share: one.looks / LOOKS_OF_ONE_JOB },
    { what: "size of one D1 database, without events", share: row / (LIMITS.d1Gb * GB) },
    { what: "size of all D1 of an account, without events", share: row / (LIMITS.d1GbOfAccount * GB) },
    {
      what: "events that are kept for 90 days",
      share: trailBytes(reads, sizes) / sizes.event / MOST_EVENTS,
    },
    { what: "the one consumer of events", share: one.messages / MESSAGES_OF_ONE_CONSUMER },
  ].toSorted((a, b) => b.share - a.share);
}
