// Starts the server on this machine: makes the development keys, brings the database up to date, runs wrangler, and stops all of
// it on Ctrl-C or SIGTERM.
//
//   npm start -- [--port 8787] [--home .]
//
// --home is the folder of .dev.vars (the keys) and .wrangler/state (the data).

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
const PARENT_CHECK_MS = 500;
const environment = {
  ...process.env,
  PATH: [resolve("node_modules/.bin"), process.env.PATH].join(delimiter),
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
};

/** The wrangler that runs now; null in between. */
let child = null;
let isRunning = false;
let isStopping = false;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => shutDown());
process.on("exit", () => killChild("SIGKILL"));
// npm does not pass every signal on; when it is gone, so is whoever wanted this server.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && !isStopping && shutDown(), PARENT_CHECK_MS).unref();

await requireNode();
await requirePort();
makeKeys();
requireKeys();
await migrate();
const server = serve();
await Promise.race([announce(), server]);
process.exit(await server);

/** Wrangler needs Node 22, and `npm run demo` a Node that reads TypeScript. On Linux x64 a dependency brings one; elsewhere it is yours. */
async function requireNode() {
  const { output } = await run("node", ["-p", "process.versions.node"]);
  const [major = 0, minor = 0] = output.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return;
  stop(`Edge Secrets needs Node 22.18 or newer on this platform; this is ${process.versions.node}.`);
}

async function requirePort() {
  const port = Number(values.port);
  if (!(Number.isInteger(port) && port > 0 && port < 65536))
    stop(`--port must be a port number, and "${values.port}" is none.`);
  const socket = connect({ host: "localhost", port });
  const isTaken = await new Promise((found) => {
    socket.on("connect", () => found(true)).on("error", () => found(false));
  });
  socket.destroy();
  if (isTaken) stop(`Port ${values.port} is taken. Stop what runs there, or take another: npm start -- --port 9000`);
}

function makeKeys() {
  if (existsSync(keysFile)) return;
  const key = { kty: "oct", kid: `dev-${randomBytes(4).toString("hex")}`, k: randomBytes(32).toString("base64url") };
  const lines = [
    `ROOT_API_KEY=${randomBytes(32).toString("base64url")}`,
    `ENCRYPTION_KEYS='${JSON.stringify({ keys: [key] })}'`,
    "ALLOW_LOOPBACK=true",
  ];
  mkdirSync(home, { recursive: true });
  // Another start at the same moment may have been first.
  const draft = `${keysFile}.${process.pid}`;
  writeFileSync(draft, `${lines.join("\n")}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, keysFile);
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
}

/** A file from elsewhere may lack a key, and the service would then refuse everybody without saying why. */
function requireKeys() {
  const text = readFileSync(keysFile, "utf8");
  const valueOf = (name) => new RegExp(`^${name}=(["']?)(.*)\\1\\s*$`, "m").exec(text)?.[2] ?? "";
  const unusable = [];
  if (valueOf("ROOT_API_KEY").length < 32) unusable.push("ROOT_API_KEY");
  if (!isKeyring(valueOf("ENCRYPTION_KEYS"))) unusable.push("ENCRYPTION_KEYS");
  if (unusable.length === 0) return;
  const afresh =
    "Or delete it together with .wrangler/state to start afresh: what is stored cannot be opened without its keys.";
  stop(`${keysFile} holds no usable ${unusable.join(" and no usable ")}. Correct it. ${afresh}`);
}

function isKeyring(text) {
  try {
    const { keys } = JSON.parse(text);
    return (
      keys.length > 0 &&
      keys.every(({ kty, kid, k }) => kty === "oct" && kid && Buffer.from(k, "base64url").length === 32)
    );
  } catch {
    return false;
  }
}

function stop(why) {
  console.error(why);
  process.exit(1);
}

async function migrate() {
  const apply = ["d1", "migrations", "apply", "DB", "--local", "--persist-to", stateFolder];
  const { code, output } = await run("wrangler", apply);
  if (code !== 0) stop(`${output}The database could not be brought up to date.`);
}

/** Runs the server, and shows its own lines. Wrangler's are kept back: they hold whole URLs, and with them the codes of consent flows. */
async function serve() {
  const { code, output } = await run(
    "wrangler",
    [
      ...["dev", "--ip", "localhost", "--port", values.port, "--inspector-port", "0"],
      ...["--env-file", keysFile, "--persist-to", stateFolder, "--show-interactive-dev-session=false"],
    ],
    (line) => line.startsWith("{") && console.log(line),
  );
  if (!isRunning && !isStopping) console.error(output);
  return isStopping ? 0 : (code ?? 1);
}

/** Runs a command in a process group of its own, so that stopping it leaves nothing behind. Resolves when it has ended. */
async function run(command, args, onLine = () => {}) {
  if (isStopping) process.exit(0);
  child = spawn(command, args, { env: environment, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  const lines = createInterface({ input: child.stdout }).on("line", (line) => {
    onLine(line);
    if (!isRunning) output += `${line}\n`;
  });
  child.stderr.on("data", (chunk) => (isRunning ? process.stderr.write(chunk) : (output += chunk)));
  const [[code]] = await Promise.all([once(child, "close"), once(lines, "close")]);
  killChild("SIGKILL");
  child = null;
  return { code, output };
}

function shutDown() {
  isStopping = true;
  killChild("SIGTERM");
  setTimeout(() => killChild("SIGKILL"), GRACE_MS).unref();
}

function killChild(signal) {
  try {
    if (child !== null) process.kill(-child.pid, signal);
  } catch {
    // Nobody is left.
  }
}

async function announce() {
  let status;
  while ((status = await healthStatus()) === null) await sleep(200);
  if (status !== 200) {
    // Its own line says why, and may come a moment after the answer.
    await sleep(500);
    isStopping = true;
    console.error(`The server answers ${status}, so it is not set up correctly.`);
    process.exit(1);
  }
  isRunning = true;
  console.log(`
Edge Secrets is running.

  Address    ${address}
  Console    ${address}/console
  Root key   ROOT_API_KEY in ${relative(process.cwd(), keysFile)}
  Try next   npm run demo
`);
}

/** Null while nobody answers. */
async function healthStatus() {
  try {
    return (await fetch(`${address}/healthz`)).status;
  } catch {
    return null;
  }
}
