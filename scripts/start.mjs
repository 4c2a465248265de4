// Starts the server on this machine: makes the development keys, brings the database up to date, runs wrangler, and stops all of
// it on Ctrl-C or SIGTERM.
//
//   npm start -- [--port 8787] [--home .]
//
// --home is the folder of .dev.vars (the keys) and .wrangler/state (the data).

import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { port: { type: "string", default: "8787" }, home: { type: "string", default: "." } },
});
const home = resolve(values.home);
const keysFile = join(home, ".dev.vars");
const stateFolder = join(home, ".wrangler", "state");
const address = `http://localhost:${values.port}`;

const GRACE_MS = 5000;
const environment = {
  ...process.env,
  PATH: [resolve("node_modules/.bin"), process.env.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
};

const startupLines = [];
let isRunning = false;
let isStopping = false;

requireNode();
await requirePort();
makeKeys();
requireKeys();
migrate();
startServer();
await announce();

/** Wrangler needs Node 22. On Linux x64 a dependency brings it; elsewhere it is yours. */
function requireNode() {
  const { stdout } = spawnSync("node", ["-p", "process.versions.node"], { env: environment, encoding: "utf8" });
  const [major = 0, minor = 0] = (stdout ?? "").split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 12)) return;
  stop(`Edge Secrets needs Node 22.12 or newer on this platform; this is ${process.versions.node}.`);
}

async function requirePort() {
  if (!/^[1-9]\d{0,4}$/.test(values.port)) stop(`--port must be a port number, and "${values.port}" is none.`);
  const socket = connect({ host: "localhost", port: Number(values.port) });
  const isTaken = await new Promise((resolve) => {
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  });
  socket.destroy();
  if (isTaken) stop(`Port ${values.port} is taken. Stop what runs there, or take another: npm start -- --port 9000`);
}

function makeKeys() {
  if (existsSync(keysFile)) return;
  const key = { kty: "oct", kid: `dev-${randomBytes(4).toString("hex")}`, k: randomBytes(32).toString("base64url") };
  const lines = [
    `ROOT_API_KEY="${randomBytes(32).toString("base64url")}"`,
    `ENCRYPTION_KEYS='${JSON.stringify({ keys: [key] })}'`,
    'ALLOW_LOOPBACK="true"',
  ];
  mkdirSync(home, { recursive: true });
  writeFileSync(keysFile, `${lines.join("\n")}\n`, { mode: 0o600, flag: "wx" });
}

/** A file from elsewhere may lack a key, and the service would then refuse everybody without saying why. */
function requireKeys() {
  const keys = readFileSync(keysFile, "utf8");
  for (const [name, form] of [
    ["ROOT_API_KEY", /^ROOT_API_KEY=["']?[^"'\s]{32,}["']?\s*$/m],
    ["ENCRYPTION_KEYS", /^ENCRYPTION_KEYS=.*"keys"/m],
  ]) {
    if (!form.test(keys))
      stop(`${keysFile} holds no usable ${name}. Correct it, or delete the file to have new keys made.`);
  }
}

function stop(why) {
  console.error(why);
  process.exit(1);
}

function migrate() {
  const { status, stdout, stderr } = spawnSync(
    "wrangler",
    ["d1", "migrations", "apply", "DB", "--local", "--persist-to", stateFolder],
    { env: environment, encoding: "utf8" },
  );
  if (status === 0) return;
  stop(`${stdout}${stderr}The database could not be brought up to date.`);
}

function startServer() {
  const child = spawn(
    "wrangler",
    [
      ...["dev", "--ip", "localhost", "--port", values.port, "--inspector-port", "0"],
      ...["--env-file", keysFile, "--persist-to", stateFolder, "--show-interactive-dev-session=false"],
    ],
    // A process group of its own, so that stopping it leaves nothing behind.
    { env: environment, stdio: ["ignore", "pipe", "inherit"], detached: true },
  );
  createInterface({ input: child.stdout }).on("line", show);
  child.on("exit", (code) => {
    killGroup(child, "SIGKILL");
    if (!isRunning && !isStopping) console.error(startupLines.join("\n"));
    process.exit(isStopping ? 0 : (code ?? 1));
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      isStopping = true;
      killGroup(child, "SIGTERM");
      setTimeout(() => killGroup(child, "SIGKILL"), GRACE_MS).unref();
    });
  }
  process.on("exit", () => killGroup(child, "SIGKILL"));
}

/** Shows the service's own lines. Wrangler's are kept back: they hold whole URLs, and with them the codes of consent flows. */
function show(line) {
  if (line.startsWith("{")) console.log(line);
  else if (!isRunning) startupLines.push(line);
}

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

async function announce() {
  while (!(await answers())) await sleep(200);
  isRunning = true;
  console.log(`
Edge Secrets is running.

  Address    ${address}
  Root key   ROOT_API_KEY in ${relative(process.cwd(), keysFile)}
  Try next   npm run demo
`);
}

async function answers() {
  try {
    return (await fetch(`${address}/healthz`)).ok;
  } catch {
    return false;
  }
}
