/** What is used here of autocannon, which has no types of its own. */

declare module "autocannon" {
  interface Client {
    /** The headers are names and values in turn. */
    on(event: "headers", hear: (answer: { headers: string[] }) => void): void;
    setRequests(requests: { path: string }[]): void;
  }
  interface Options {
    url: string;
    connections: number;
    headers?: Record<string, string>;
    /** Seconds; unless `amount` says how many requests. */
    duration?: number;
    amount?: number;
    setupClient?: (client: Client) => void;
  }
  interface Result {
    /** Seconds. */
    duration: number;
    requests: { total: number };
    /** Milliseconds. */
    latency: { p50: number; p99: number; max: number; average: number };
    errors: number;
    non2xx: number;
  }
  export default function autocannon(options: Options): Promise<Result>;
}
