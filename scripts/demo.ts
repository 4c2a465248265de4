/**
 * Shows in a terminal what this service is for: an account is connected at a real OpenID provider, several steps read its token,
 * and the token is renewed under them one minute before it expires. Says in figures what was seen, and removes what it made.
 */

import { parseArgs } from "node:util";
import { Api } from "./demo/api.ts";
import { Cleanup } from "./demo/cleanup.ts";
import { connect } from "./demo/connection.ts";
import { DemoFailure } from "./demo/failure.ts";
import { labelled, summary } from "./demo/picture.ts";
import { figuresOf, shortfalls } from "./demo/promise.ts";
import { reachServer, type ServerChoice } from "./demo/server.ts";
import { Steps } from "./demo/steps.ts";
import { Terminal } from "./demo/terminal.ts";
import { watch } from "./demo/watch.ts";

const USAGE = `npm run demo -- [--renewals 2] [--url http://localhost:8787] [--home .] [--own-server]

  --renewals N   how many renewals to watch, half a minute each
  --url URL      a server that is running elsewhere on this machine
  --home DIR     the folder of the running server's .dev.vars
  --own-server   start a server for the demo alone, even if one is running`;

const INTRODUCTION = `
  Access tokens expire. Edge Secrets keeps them for your integrations and renews
  each one a minute before its end, once, however many steps are reading it.
`;

const STEPS = 5;
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, EPIPE: 141 };

/** How the demo ended: the exit code, what to show, and what went wrong, in sentences. */
interface Ending {
  code: number;
  lines: string[];
  complaints: string[];
}

const terminal = new Terminal(process.stdout);
const stop = new AbortController();
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort(EXIT_CODES[signal]));
process.stdout.on("error", () => stop.abort(EXIT_CODES.EPIPE));

process.exitCode = await demo(process.argv.slice(2));

/** Runs the whole demo and returns its exit code. Whatever happens, what was made is removed before it returns. */
async function demo(args: string[]): Promise<number> {
  const cleanup = new Cleanup();
  let ending: Ending;
  try {
    ending = await show(args, cleanup);
  } catch (error) {
    ending = endingBy(error);
  }
  const left = await cleanUp(cleanup);
  for (const line of ending.lines) terminal.line(line);
  const complaints =
    left.length > 0 ? [...ending.complaints, `Could not be removed: ${left.join(", ")}.`] : ending.complaints;
  if (complaints.length > 0) console.error(`\n  ${complaints.join("\n  ")}`);
  terminal.line();
  return left.length > 0 ? ending.code || 1 : ending.code;
}

async function show(args: string[], cleanup: Cleanup): Promise<Ending> {
  const { renewals, help, ...choice } = parseOptions(args);
  if (help) return { code: 0, lines: [USAGE], complaints: [] };

  terminal.line(INTRODUCTION);
  const server = await reachServer(choice, cleanup, showWaiting, stop.signal);
  say("Server", server.isOwn ? `${server.url}, started for this demo` : server.url);
  const api = new Api(server);
  const { secretPath, tokenCalls } = await connect(api, cleanup, say, stop.signal);

  const steps = new Steps(STEPS, (step, signal) => api.readToken(secretPath, `f:demo;s:step-${step + 1}`, signal));
  steps.start();
  try {
    await watch({ seen: steps.seen, tokenCalls, awaitedRenewals: renewals }, terminal, stop.signal);
  } finally {
    await steps.stop();
  }

  const figures = figuresOf(steps.seen, tokenCalls);
  const short = shortfalls(figures, renewals);
  return {
    code: short.length === 0 ? 0 : 1,
    lines: ["", ...summary(figures, renewals, STEPS, terminal.paint)],
    complaints: short.map((sentence) => `Not as promised: ${sentence}`),
  };
}

function parseOptions(args: string[]): ServerChoice & { renewals: number; help: boolean } {
  const { url, "own-server": own, renewals, home, help } = parseKnown(args);
  const count = Number(renewals);
  if (!Number.isSafeInteger(count) || count < 1 || count > 1000) {
    throw new DemoFailure("--renewals is a number from 1 to 1000.");
  }
  const address = url === undefined ? null : URL.parse(url);
  if (url !== undefined && (address === null || !/^https?:$/.test(address.protocol))) {
    throw new DemoFailure("--url is an address such as http://localhost:8787.");
  }
  return { url: address?.origin ?? null, own, home, help, renewals: count };
}

function parseKnown(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        renewals: { type: "string", default: "2" },
        url: { type: "string" },
        home: { type: "string", default: "." },
        "own-server": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    const [sentence = ""] = error instanceof Error ? error.message.split(". ") : [];
    throw new DemoFailure(`${sentence.replace(/\.$/, "")}. --help shows what there is.`);
  }
}

function endingBy(error: unknown): Ending {
  if (stop.signal.aborted) {
    return { code: stop.signal.reason, lines: ["", "  Stopped before the end."], complaints: [] };
  }
  const complaint = error instanceof DemoFailure ? error.message : `The demo itself broke: ${String(error)}`;
  return { code: 1, lines: [], complaints: [complaint] };
}

/** Removes what was made, says so, and returns the names of what may still be there. */
async function cleanUp(cleanup: Cleanup): Promise<string[]> {
  terminal.draw([labelled(terminal.paint, "…", "Cleaning", "up")]);
  const { gone, left } = await cleanup.run();
  if (gone.length > 0) say("Removed", gone.join(", "));
  return left;
}

function say(label: string, text: string): void {
  terminal.line(labelled(terminal.paint, "✓", label, text));
}

function showWaiting(seconds: number): void {
  const line = (text: string) => labelled(terminal.paint, "…", "Server", text);
  if (terminal.isLive) terminal.draw([line(`starting one for this demo, ${seconds} s`)]);
  else if (seconds === 0) terminal.line(line("starting one for this demo"));
}
