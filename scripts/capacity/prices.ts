/**
 * What the platform charges and where it ends: the list prices and limits of Cloudflare's paid plan, in US dollars and a month, each with the
 * page that states it. The only place in which they stand; docs/CAPACITY.md is made of them.
 */

/** When the pages were read. Logs have the price that holds from 1 December 2026. */
export const READ_ON = "2026-11-23";

/** What the plan itself costs in a month. */
export const PLAN_USD = 5;

const WORKERS = "https://developers.cloudflare.com/workers/platform/pricing/";
const OBJECTS = "https://developers.cloudflare.com/durable-objects/platform/pricing/";
const D1 = "https://developers.cloudflare.com/d1/platform/pricing/";
const QUEUES = "https://developers.cloudflare.com/queues/platform/pricing/";
const LOGS = "https://developers.cloudflare.com/observability/pricing/";

/** One thing that is counted and billed. */
export interface Price {
  what: string;
  usd: number;
  /** For how many of them. */
  per: number;
  /** How many a month are part of the plan. */
  included: number;
  page: string;
}

const MILLION = 1e6;

export const PRICES = {
  workerRequests: { what: "requests to the Worker", usd: 0.3, per: MILLION, included: 10 * MILLION, page: WORKERS },
  workerCpuMs: { what: "CPU ms of the Worker", usd: 0.02, per: MILLION, included: 30 * MILLION, page: WORKERS },
  objectRequests: { what: "calls and alarms of objects", usd: 0.15, per: MILLION, included: MILLION, page: OBJECTS },
  objectGbSeconds: { what: "objects awake, GB-s", usd: 12.5, per: MILLION, included: 400_000, page: OBJECTS },
  objectRowsRead: { what: "rows read in objects", usd: 0.001, per: MILLION, included: 25e9, page: OBJECTS },
  objectRowsWritten: { what: "rows written in objects", usd: 1, per: MILLION, included: 50 * MILLION, page: OBJECTS },
  objectGb: { what: "stored in objects, GB", usd: 0.2, per: 1, included: 5, page: OBJECTS },
  d1RowsRead: { what: "rows read in D1", usd: 0.001, per: MILLION, included: 25e9, page: D1 },
  d1RowsWritten: { what: "rows written in D1", usd: 1, per: MILLION, included: 50 * MILLION, page: D1 },
  d1Gb: { what: "stored in D1, GB", usd: 0.75, per: 1, included: 5, page: D1 },
  queueOperations: { what: "operations of queues", usd: 0.4, per: MILLION, included: MILLION, page: QUEUES },
  logGb: { what: "logs taken in, GB", usd: 0.25, per: 1, included: 50, page: LOGS },
  logGbMonths: { what: "logs kept, GB-months", usd: 0.1, per: 1, included: 12, page: LOGS },
} satisfies Record<string, Price>;

/** Names what is billed. */
export type Meter = keyof typeof PRICES;

/** An object is billed for this much memory while it is awake, whatever it uses; a GB is a thousand million bytes. */
export const OBJECT_GB = 0.128;
/** How long logs are kept, in months of 30 days. */
export const LOG_MONTHS = 7 / 30;

/** Where the platform ends. */
export const LIMITS = {
  /** One query at a time, of about a millisecond each. https://developers.cloudflare.com/d1/platform/limits/ */
  d1QueriesPerSecond: 1000,
  /** The same page. It cannot be raised. */
  d1Gb: 10,
  /** The same page. It can be raised. */
  d1GbOfAccount: 1000,
  /** A soft limit; who comes beyond it waits, then is turned away. https://developers.cloudflare.com/durable-objects/platform/limits/ */
  objectRequestsPerSecond: 1000,
};
