/** The demo, run as a process the way `npm run demo` does, without a terminal; and the judgement it ends with, as pure code. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { figuresOf, shortfalls } from "../../scripts/demo/promise.ts";
import type { TokenCall } from "../support/provider-contract.ts";
import { ServerProcess, temporaryFolder } from "../support/server-process.ts";

/** One run. Everything it starts inherits `folder` as its TMPDIR, so that nothing of it can hide. */
class Demo {
  readonly folder = mkdtempSync(join(tmpdir(), "demo-test-"));
  output = "";
  errors = "";
  #child?: ChildProcess;
  #ended: Promise<unknown[]> = Promise.resolve([]);

  start(...args: string[]): this {
    const { FORCE_COLOR: _, ...environment } = process.env;
    this.#child = spawn("node_modules/.bin/node", ["scripts/demo.ts", ...args], {
      env: { ...environment, TMPDIR: this.folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    this.#ended = once(this.#child, "close");
    return this;
  }

  async end(): Promise<unknown> {
    return (await this.#ended)[0];
  }

  /** Waits until what it has printed contains a text. */
  async says(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.#child?.exitCode !== null) throw new Error(`ended without "${text}": ${this.output}${this.errors}`);
      await pause(50);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** The command lines of the processes of this run that are still there; Linux alone knows. */
  processes(): string[] {
    if (process.platform !== "linux") return [];
    return readdirSync("/proc").flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`TMPDIR=${this.folder}`);
        return isOurs ? [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")] : [];
      } catch {
        return [];
      }
    });
  }

  remove(): void {
    this.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let demo: Demo;

beforeEach(() => {
  demo = new Demo();
});

afterEach(() => demo.remove());

function expectNothingLeft(): void {
  expect(demo.processes()).toEqual([]);
  expect(readdirSync(demo.folder)).toEqual([]);
}

describe("the demo with a server of its own", () => {
  test("watches a renewal, says what was seen, and leaves nothing behind", async () => {
    demo.start("--own-server", "--renewals", "1");
    expect({ code: await demo.end(), errors: demo.errors }).toEqual({ code: 0, errors: "" });

    for (const step of ["Server", "Provider", "Client", "Connect", "Sign in", "Consent", "Callback", "Secret"]) {
      expect(demo.output).toContain(`✓ ${step} `);
    }
    expect(demo.output).toMatch(/ {2}1[01] s +version 1, (78|79|80|81) s left; \d+ reads, 0 failed; 1 token request\n/);
    expect(demo.output).toMatch(/ renewed with (59|60)\.\d s left: every read now gives version 2\n/);
    expect(demo.output).toMatch(/✓ Reads +[\d,]{3,} reads by 5 steps, 0 failed\n/);
    expect(demo.output).toMatch(/✓ Speed +p50 [\d.]+ ms, p99 [\d.]+ ms for a read, on this machine\n/);
    expect(demo.output).toMatch(/✓ Renewals +1, version 1 → 2; the least time that was left: (59|60)\.\d s\n/);
    expect(demo.output).toMatch(/✓ Provider +2 token requests: 1 code exchange \+ 1 for 1 renewal\n/);
    expect(demo.output).toMatch(/✓ Tokens +2 different tokens for 2 versions\n/);
    expect(demo.output).toContain("the secret, the auth client, the provider, its server");

    // Nothing as long as a key, a token, a code or a state; no escape codes.
    expect(demo.output).not.toMatch(/[\w-]{24,}/);
    expect(demo.output).not.toContain("\x1b");
    expect(Math.max(...demo.output.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expectNothingLeft();
  }, 120_000);

  test("stops on SIGTERM while steps are reading, and leaves nothing behind", async () => {
    demo.start("--own-server");
    await demo.says("token request");
    const signalledAt = Date.now();
    demo.kill("SIGTERM");
    expect(await demo.end()).toBe(143);
    expect(Date.now() - signalledAt).toBeLessThan(10_000);
    expect(demo.output).toContain("the secret, the auth client, the provider, its server");
    expect(demo.errors).toBe("");
    expectNothingLeft();
  }, 60_000);

  test("stops on SIGINT while its server is starting, and leaves nothing behind", async () => {
    demo.start("--own-server");
    await demo.says("starting one for this demo");
    await pause(1000);
    demo.kill("SIGINT");
    expect(await demo.end()).toBe(130);
    expectNothingLeft();
  }, 60_000);
});

/** What could be a key, a token, a code, a verifier or a state: long, and no id. What anybody may know is taken out first. */
function secretsIn(text: string): string[] {
  const ids = /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/g;
  return text.replaceAll(ids, "").match(/[\w-]{24,}/g) ?? [];
}

test("the logs of a server hold no secret during the demo, whoever made it (SECURITY 26)", async () => {
  const home = temporaryFolder();
  const server = await ServerProcess.start(home.path);
  try {
    demo.start("--url", server.url, "--home", home.path, "--renewals", "1");
    expect({ code: await demo.end(), errors: demo.errors }).toEqual({ code: 0, errors: "" });
    for (const kind of ["request", "consent", "refresh", "reads"]) expect(server.output).toContain(`"kind":"${kind}"`);
    const { output } = server;
    expect(secretsIn(output)).toEqual([]);
    // What is looked for would be found.
    const keys = readFileSync(join(home.path, ".dev.vars"), "utf8");
    expect(secretsIn(keys).length).toBeGreaterThan(1);
    expect(secretsIn(`${output}{"internal":"esk_${randomUUID()}_${server.rootKey}"}`)).toHaveLength(1);
  } finally {
    await server.stop();
    home.remove();
  }
}, 120_000);

describe("the demo with a server that it cannot use", () => {
  let server: Server;
  let url: string;

  beforeEach(async () => {
    server = createServer(({ url: path }, response) => {
      response.writeHead(path === "/healthz" ? 200 : 401).end('{"status":"ok"}');
    }).listen(0, "localhost");
    await once(server, "listening");
    url = `http://localhost:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => void server.close());

  test("says in one sentence that nobody answers", async () => {
    server.close();
    demo.start("--url", url);
    expect(await demo.end()).toBe(1);
    expect(demo.errors.trim()).toBe(`No healthy Edge Secrets server answers at ${url}. "npm start" starts one.`);
  });

  test("says in one sentence that there are no keys", async () => {
    demo.start("--url", url, "--home", demo.folder);
    expect(await demo.end()).toBe(1);
    expect(demo.errors.trim()).toMatch(/^There is no \S+\.dev\.vars to read ROOT_API_KEY from: --home .+\.$/);
  });

  test("says in one sentence that the key is another server's", async () => {
    writeFileSync(join(demo.folder, ".dev.vars"), 'ROOT_API_KEY="of-another-server"\n');
    demo.start("--url", url, "--home", demo.folder);
    expect(await demo.end()).toBe(1);
    expect(demo.errors.trim()).toMatch(/^The server at \S+ does not accept this ROOT_API_KEY: --home .+\.$/);
    expect(demo.output + demo.errors).not.toContain("of-another-server");
  });

  test.each(["--renewals=none", "--url=localhost:8787", "--colour"])("refuses %s in one sentence", async (argument) => {
    demo.start(argument);
    expect(await demo.end()).toBe(1);
    expect(demo.errors.trim().split("\n")).toHaveLength(1);
  });
});

describe("shortfalls", () => {
  const seen = {
    reads: 100,
    failed: 0,
    lastFailure: null,
    wentWell: [true],
    firstVersion: 1,
    version: 2,
    expiresAt: 0,
    fingerprints: new Set(["a", "b"]),
    readMs: [3, 1, 2],
  };
  const exchange = tokenCall("authorization_code", 0);
  const onTime = tokenCall("refresh_token", 30);

  test("is empty when what was promised was seen", () => {
    const figures = figuresOf(seen, [exchange, onTime]);
    expect(figures).toMatchObject({ renewals: 1, secondsLeft: [60], tokens: 2, p50Ms: 2, p99Ms: 3 });
    expect(shortfalls(figures, 1)).toEqual([]);
  });

  test.each([
    ["a failed read", { failed: 1, lastFailure: "no connection" }, [exchange, onTime], /^1 of 100 reads failed/],
    [
      "a renewal that did not come",
      { version: 1, fingerprints: new Set(["a"]) },
      [exchange],
      /^0 of 1 awaited renewals were seen/,
    ],
    ["a second request for one renewal", {}, [exchange, onTime, onTime], /^The provider got 2 refresh requests/],
    ["a renewal that came late", {}, [exchange, tokenCall("refresh_token", 31.5)], /only 58\.5 s left/],
    ["a version without a token of its own", { fingerprints: new Set(["a"]) }, [exchange, onTime], /different tokens/],
  ])("names %s", (_name, differently, calls, sentence) => {
    const sentences = shortfalls(figuresOf({ ...seen, ...differently }, calls), 1);
    expect(sentences.filter((one) => sentence.test(one))).toHaveLength(1);
  });
});

function tokenCall(grant_type: string, atSecond: number): TokenCall {
  return { at: new Date(atSecond * 1000).toISOString(), grant_type, status: 200, client_id: "client", body_keys: [] };
}
