/** What is measured, built: the bundle, as it would be deployed, and the one floor that has a package in it. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Where the bundle comes to lie, as with `npm run check:bundle`. */
export const BUNDLE = "dist/worker.js";

const run = promisify(execFile);

/** Builds the service and the JSON floor. Gives the path of the floor. `readable`: with the names that a profile should show. */
export async function build(folder: string, readable = false): Promise<string> {
  await dryRun("dist", ...(readable ? ["--minify=false"] : []));
  await dryRun(folder, "--config", "bench/floors/wrangler.toml");
  return `${folder}/json.js`;
}

async function dryRun(folder: string, ...more: string[]): Promise<void> {
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
  await run("wrangler", ["deploy", "--dry-run", "--outdir", folder, ...more], { env });
}
