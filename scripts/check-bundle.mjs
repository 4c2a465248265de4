// Weighs the Worker that `wrangler deploy --dry-run --outdir dist` would upload, and fails when it is too heavy. Plain Node 20.

import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT_KIB = 200;

const parts = readdirSync("dist").filter((name) => name.endsWith(".js"));
// All parts as one, at the level that wrangler's own figure has.
const kib = gzipSync(Buffer.concat(parts.map((name) => readFileSync(`dist/${name}`)))).byteLength / 1024;
const weight = `The bundle has ${kib.toFixed(1)} KiB gzip in ${parts.length} parts; the limit is ${LIMIT_KIB}.`;
if (kib <= LIMIT_KIB) console.log(weight);
else {
  console.error(`${weight} \`node scripts/build.mjs --readable\` shows what is in it.`);
  process.exit(1);
}
