/** What is measured, built: the Worker's modules, as they would be deployed, and the one floor that has a package in it. */

import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** Where the Worker comes to lie, apart from what a server that runs meanwhile was made of. */
const FOLDER = "dist";
const ENTRY = "worker.js";

/** A module of a Worker, and the name by which others import it. */
export interface Module {
  path: string;
  contents: string;
}

const run = promisify(execFile);

/** Builds the service and the JSON floor. Gives the path of the floor. `readable`: with the names that a profile should show. */
export async function build(folder: string, readable = false): Promise<string> {
  await run("node", ["scripts/build.mjs", "--out", FOLDER, ...(readable ? ["--readable"] : [])]);
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  const floor = ["deploy", "--dry-run", "--outdir", folder, "--config", "bench/floors/wrangler.toml"];
  await run("wrangler", floor, { env });
  return `${folder}/json.js`;
}

/** Reads what was built, the entry first. */
export function bundle(): Module[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".js") && name !== ENTRY);
  return [ENTRY, ...names].map((path) => ({ path, contents: readFileSync(join(FOLDER, path), "utf8") }));
}
