/** Runs the server as a process of its own, as `npm start` does, on a free port and in a folder of its own. Runs in Node. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomInt, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const START_MS = 60_000;

/** A folder that is gone after the test. */
export function temporaryFolder(within = tmpdir()): { path: string; remove: () => void } {
  const path = mkdtempSync(join(within, "edge-secrets-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A port that nobody listens on, and none of those that a system gives away by itself before the server has started. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

export class ServerProcess {
  readonly url: string;
  readonly home: string;
  output = "";
  readonly #child: ChildProcess;
  /** Stands in the environment of all its processes. */
  readonly #mark = `edge-secrets-test-${randomUUID()}`;

  private constructor(port: number, home: string, throughNpm: boolean) {
    this.url = `http://localhost:${port}`;
    this.home = home;
    const [command, ...first] = throughNpm ? ["npm", "start", "--"] : ["node", "scripts/start.mjs"];
    this.#child = spawn(command ?? "", [...first, "--port", String(port), "--home", home], {
      env: { ...process.env, TEST_MARK: this.#mark, PATH: `${resolve("node_modules/.bin")}:${process.env["PATH"]}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** Starts a server and resolves when it says that it is running. */
  static async start(home: string, options: { port?: number; throughNpm?: boolean } = {}): Promise<ServerProcess> {
    const { port = await freePort(), throughNpm = false } = options;
    const server = new ServerProcess(port, home, throughNpm);
    const deadline = Date.now() + START_MS;
    while (!server.output.includes("Edge Secrets is running")) {
      if (Date.now() > deadline || server.#child.exitCode !== null) throw new Error(`no start: ${server.output}`);
      await pause(50);
    }
    return server;
  }

  /** Runs it with these options until it ends by itself, and returns what it said. */
  static async run(options: string[]): Promise<string> {
    const child = spawn("node", ["scripts/start.mjs", ...options]);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await once(child, "close");
    return output;
  }

  get rootKey(): string {
    return /^ROOT_API_KEY=(.*)$/m.exec(readFileSync(join(this.home, ".dev.vars"), "utf8"))?.[1] ?? "";
  }

  /** Sends a request with the root key and returns the JSON that answers it. */
  // oxlint-disable-next-line no-explicit-any
  async call(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.rootKey}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }

  /** Stops the server as a person or a supervisor does, and returns its exit code. */
  async stop(signal: "SIGINT" | "SIGTERM" = "SIGTERM"): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    this.#child.kill(signal);
    const [code] = (await once(this.#child, "exit")) as [number | null];
    return code;
  }

  /** Every process that belongs to this server. */
  processes(): number[] {
    return processesMarked(this.#mark);
  }

  /** Kills every process of the server at once, as a power cut does. */
  async kill(): Promise<void> {
    for (const pid of this.processes()) process.kill(pid, "SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
  }
}

/** The ids of all processes that were started, by whomever, with this in their environment; Linux alone. */
export function processesMarked(mark: string): number[] {
  const isMarked = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
    } catch {
      return false;
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid) && isMarked(name))
    .map(Number);
}
