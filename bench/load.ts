/** Load on one address: how many answers a second come, how long they take, where they came from, and what they cost workerd. */

import autocannon from "autocannon";
import { cpuMicrosOf } from "./process.ts";

/** What is asked, and by how many at a time. */
export interface Load {
  url: string;
  headers?: Record<string, string>;
  /** How long; or how many in all. */
  seconds?: number;
  amount?: number;
  connections?: number;
  /** Asked one after the other instead of the one in `url`; each connection has its share of them. */
  paths?: readonly string[];
}

export interface Measured {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Processor time of workerd for one answer, in microseconds; 0 where it is not known. */
  cpuMicros: number;
  /** What `Server-Timing` says in some of the answers, and in how many of them. */
  sources: Record<string, number>;
}

const CONNECTIONS = 32;
/** Of so many answers one is asked where it came from. */
const SAMPLE = 20;

/** Loads an address. @throws when an answer is no 2xx or does not come: then there is nothing to measure. */
export async function load(
  { url, headers = {}, seconds, amount, connections = CONNECTIONS, paths }: Load,
  pid: number | null,
): Promise<Measured> {
  let client = 0;
  let answers = 0;
  const sources: Record<string, number> = {};
  const cpuBefore = pid === null ? 0 : cpuMicrosOf(pid);
  const { requests, duration, latency, errors, non2xx } = await autocannon({
    url,
    headers,
    connections,
    ...(amount === undefined ? { duration: seconds ?? 1 } : { amount }),
    setupClient: (each) => {
      each.on("headers", (answer) => {
        if (answers++ % SAMPLE !== 0) return;
        const source = sourceOf(answer.headers);
        sources[source] = (sources[source] ?? 0) + 1;
      });
      if (paths === undefined) return;
      const turn = client++ % connections;
      const share = paths.filter((_, index) => index % connections === turn);
      each.setRequests((share.length === 0 ? paths : share).map((path) => ({ path })));
    },
  });
  if (errors > 0 || non2xx > 0) throw new Error(`${url}: ${non2xx} answers are no 2xx, ${errors} did not come.`);
  return {
    perSecond: requests.total / duration,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    cpuMicros: pid === null ? 0 : (cpuMicrosOf(pid) - cpuBefore) / requests.total,
    sources,
  };
}

/** Reads `Server-Timing` of headers that are a list of names and values in turn. */
function sourceOf(headers: readonly string[]): string {
  const index = headers.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === "server-timing");
  return index < 0 ? "nothing" : (headers[index + 1] ?? "");
}
