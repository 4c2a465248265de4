/**
 * The service and its floors in one workerd process, each on a socket of its own: no development proxy, no server of Node in between. What
 * the platform has beside them (D1, Durable Objects, caches) is simulated in a folder that is gone afterwards.
 */

import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from "miniflare";
import { bundle, type Module } from "./build.ts";
import { childrenCalled } from "./process.ts";

export type Floor = "hello" | "json" | "rpc";

/** What a world is made of. */
export interface Plan {
  /** The built floor of `floors/json.js`. */
  jsonFloor: string;
  /** Variables of the service. */
  variables?: Record<string, string>;
  /** Every call of an actor waits so long before it is answered. */
  actorDelayMs?: number;
  /** Opens an inspector, which makes everything a little slower. */
  inspect?: boolean;
}

const COMPATIBILITY_DATE = /^compatibility_date = "(.*)"/m.exec(readFileSync("wrangler.toml", "utf8"))?.[1] ?? "";
const DATABASE = "00000000-0000-0000-0000-000000000000";
const EVENTS_QUEUE = "edge-secrets-events";
const SOCKET = { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }], stripCfConnectingIp: false };

export class World {
  readonly rootKey: string;
  /** Where the service is, without a slash at the end. */
  readonly origin: string;
  readonly floors: Record<Floor, string>;
  /** Of workerd; null where there is no /proc to find it in. */
  readonly pid: number | null;
  readonly #miniflare: Miniflare;
  readonly #folder: string;

  private constructor(
    parts: Pick<World, "rootKey" | "origin" | "floors" | "pid">,
    miniflare: Miniflare,
    folder: string,
  ) {
    ({ rootKey: this.rootKey, origin: this.origin, floors: this.floors, pid: this.pid } = parts);
    this.#miniflare = miniflare;
    this.#folder = folder;
    process.on("exit", this.#clear);
  }

  /** Starts one with an empty database that is up to date. */
  static async start(plan: Plan): Promise<World> {
    // Memory instead of a disk, where there is one: what is measured is the service, not somebody's disk.
    const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "edge-secrets-bench-"));
    migrate(folder);
    const rootKey = randomBytes(32).toString("base64url");
    const before = new Set(childrenCalled("workerd"));
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        workers: [service(plan, rootKey), ...floors(plan.jsonFloor)],
        resourcePersistencePath: join(folder, "v3"),
        handleStructuredLogs: () => {},
        cf: false,
        ...(plan.inspect === true && { inspectorPort: 0 }),
      }),
    );
    await miniflare.ready;
    const at = async (name: string) => (await miniflare.unsafeGetDirectURL(name)).origin;
    const [origin, hello, json, rpc] = await Promise.all([at("service"), at("hello"), at("json"), at("rpc")]);
    const pid = childrenCalled("workerd").find((each) => !before.has(each)) ?? null;
    return new World({ rootKey, origin, floors: { hello, json: `${json}/token`, rpc }, pid }, miniflare, folder);
  }

  /** Where workerd's inspector is. */
  async inspector(): Promise<URL> {
    return await this.#miniflare.getInspectorURL();
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
    process.off("exit", this.#clear);
    this.#clear();
  }

  readonly #clear = () => rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** A token read without credentials: 401, as this process has nothing but the Worker. */
const FIRST_PATH = "/v2/workspaces/a/secrets/00000000-0000-4000-8000-000000000000/token";

/** Starts a process with a Worker of these modules alone, and gives how long it took to the first answer to a token read, in milliseconds. */
export async function firstAnswer(modules: Module[]): Promise<number> {
  const startedAt = performance.now();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      // As a list, so that Miniflare does not look through it for imports.
      workers: [{ name: "alone", ...SOCKET, modules: modules.map(esModule), compatibilityDate: COMPATIBILITY_DATE }],
      handleStructuredLogs: () => {},
      cf: false,
    }),
  );
  const url = await miniflare.unsafeGetDirectURL("alone");
  await (await fetch(new URL(FIRST_PATH, url))).arrayBuffer();
  const took = performance.now() - startedAt;
  await miniflare.dispose();
  return took;
}

function esModule(module: Module): Module & { type: "ESModule" } {
  return { type: "ESModule", ...module };
}

/** Applies the migrations as `npm start` does. */
function migrate(folder: string): void {
  execFileSync("wrangler", ["d1", "migrations", "apply", "DB", "--local", "--persist-to", folder], {
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
    stdio: "ignore",
  });
}

function service({ variables, actorDelayMs }: Plan, rootKey: string): V4WorkerOptions {
  const key = { kty: "oct", kid: "bench", k: randomBytes(32).toString("base64url") };
  const entry = actorDelayMs === undefined ? [] : [{ path: "delayed.js", contents: delayed(actorDelayMs) }];
  const actor = (className: string) => ({ className, useSQLite: true });
  return {
    name: "service",
    ...SOCKET,
    modules: [...entry, ...bundle()].map(esModule),
    compatibilityDate: COMPATIBILITY_DATE,
    bindings: {
      ROOT_API_KEY: rootKey,
      ENCRYPTION_KEYS: JSON.stringify({ keys: [key] }),
      ALLOW_LOOPBACK: "true",
      ...variables,
    },
    d1Databases: { DB: DATABASE },
    durableObjects: { SECRETS: actor("SecretActor"), JOBS: actor("JobActor"), BUDGETS: actor("BudgetActor") },
    // As in wrangler.toml, but with room for a machine that does nothing else.
    ratelimits: Object.fromEntries(["READ_LIMIT", "WRITE_LIMIT", "FAILURE_LIMIT"].map(unlimited)),
    queueProducers: { EVENTS: EVENTS_QUEUE },
    // As in wrangler.toml.
    queueConsumers: { [EVENTS_QUEUE]: { maxBatchSize: 50, maxBatchTimeout: 2 } },
  };
}

function unlimited(name: string): [string, { namespace_id: string; simple: { limit: number; period: 10 } }] {
  return [name, { namespace_id: name, simple: { limit: 1_000_000_000, period: 10 } }];
}

/** Puts the way to a distant data centre in front of whatever is read from an actor. */
function delayed(ms: number): string {
  return `
    import worker, { BudgetActor, JobActor, SecretActor as Actor } from "./worker.js";
    export { BudgetActor, JobActor };
    export class SecretActor extends Actor {}
    for (const name of Object.getOwnPropertyNames(Actor.prototype).filter((name) => name.startsWith("read"))) {
      SecretActor.prototype[name] = async function (...input) {
        await new Promise((resolve) => setTimeout(resolve, ${ms}));
        return await Actor.prototype[name].apply(this, input);
      };
    }
    export default worker;
  `;
}

function floors(jsonFloor: string): V4WorkerOptions[] {
  const bare = { ...SOCKET, modules: true as const, compatibilityDate: COMPATIBILITY_DATE };
  return [
    { ...bare, name: "hello", script: readFileSync("bench/floors/hello.js", "utf8") },
    { ...bare, name: "json", script: readFileSync(jsonFloor, "utf8") },
    {
      ...bare,
      name: "rpc",
      script: readFileSync("bench/floors/rpc.js", "utf8"),
      durableObjects: { HOLDER: { className: "Holder", useSQLite: true } },
    },
  ];
}
