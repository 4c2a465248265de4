// Weighs the Worker that `wrangler deploy --dry-run --outdir dist` has built, and fails when it is too heavy. Plain Node 20.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** 200 are promised; docs/decisions/0021 says why it is more for now, and what will go. */
const LIMIT_KIB = 220;

const bundle = readFileSync("dist/worker.js");
// The level that wrangler's own figure has.
const kib = gzipSync(bundle).byteLength / 1024;
const weight = `The bundle has ${kib.toFixed(1)} KiB gzip; the limit is ${LIMIT_KIB}.`;
if (kib <= LIMIT_KIB) console.log(weight);
else {
  console.error(`${weight} \`wrangler deploy --dry-run --outdir dist --metafile\` says what is in it.`);
  process.exit(1);
}
