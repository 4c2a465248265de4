/**
 * The server that the demo talks to: one that runs already, or one of its own that is started in a temporary folder and leaves
 * nothing behind. Reads the root key; tells it to nobody but `Server`.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import type { Cleanup } from "./cleanup.ts";
import { DemoFailure } from "./failure.ts";

export interface Server {
  /** An origin, without a trailing slash. */
  url: string;
  rootKey: string;
  isOwn: boolean;
}

export interface ServerChoice {
  /** Where a server must run; null: at the usual place, if there is one. */
  url: string | null;
  /** The folder of the running server's `.dev.vars`. */
  home: string;
  /** Starts one in any case. */
  own: boolean;
}

const USUAL_URL = "http://localhost:8787";
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const ANSWER_MS = 3000;
const START_MS = 90_000;
const POLL_MS = 250;
const STOP_MS = 8000;

/** Finds the chosen server, or starts one and calls `onWait` each second. @throws {DemoFailure} when there is none to use. */
export async function reachServer(
  choice: ServerChoice,
  cleanup: Cleanup,
  onWait: (seconds: number) => void,
  stop: AbortSignal,
): Promise<Server> {
  const url = choice.url ?? USUAL_URL;
  const isRunning = !choice.own && (await isHealthy(url));
  stop.throwIfAborted();
  if (isRunning) return { url, rootKey: await readRootKey(choice.home), isOwn: false };
  if (choice.url !== null && !choice.own) {
    throw new DemoFailure(`No healthy Edge Secrets server answers at ${url}. "npm start" starts one.`);
  }
  return await startServer(cleanup, onWait, stop);
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS), redirect: "manual" });
    const body = (await response.json()) as { status?: unknown } | null;
    return response.ok && body?.status === "ok";
  } catch {
    return false;
  }
}

async function readRootKey(home: string): Promise<string> {
  const file = join(resolve(home), ".dev.vars");
  const shown = relative(process.cwd(), file);
  const text = await readFile(file, "utf8").catch(() => {
    throw new DemoFailure(
      `There is no ${shown} to read ROOT_API_KEY from: --home names the folder the server was started with.`,
    );
  });
  const key = parseEnv(text)["ROOT_API_KEY"];
  if (key === undefined || !/^[\x21-\x7e]+$/.test(key))
    throw new DemoFailure(`There is no usable ROOT_API_KEY in ${shown}.`);
  return key;
}

async function startServer(cleanup: Cleanup, onWait: (seconds: number) => void, stop: AbortSignal): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), "edge-secrets-demo-"));
  const port = await freePort();
  // A process group of its own: Ctrl-C in a terminal reaches the whole group, and this server must outlive it for the cleanup.
  const child = spawn(process.execPath, ["scripts/start.mjs", "--port", String(port), "--home", home], {
    cwd: PROJECT,
    detached: true,
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  exited.catch(() => undefined);
  const onExit = () => signalGroup(child, "SIGTERM");
  process.on("exit", onExit);
  cleanup.add("its server", async () => {
    await stopGroup(child, exited);
    process.off("exit", onExit);
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  const url = `http://localhost:${port}`;
  for (let waited = 0; !(await isHealthy(url)); waited += POLL_MS) {
    if (child.pid === undefined || hasExited(child) || waited > START_MS) {
      throw new DemoFailure('The demo could not start a server of its own. "npm start" shows why.');
    }
    if (waited % 1000 === 0) onWait(waited / 1000);
    await sleep(POLL_MS, undefined, { signal: stop });
  }
  return { url, rootKey: await readRootKey(home), isOwn: true };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Stops the start script, which stops its server, and whatever it was running when it was too young to do so. */
async function stopGroup(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  signalGroup(child, "SIGTERM");
  if (!hasExited(child)) await Promise.race([exited, sleep(STOP_MS, undefined, { ref: false })]);
  signalGroup(child, "SIGKILL");
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in it.
  }
}
