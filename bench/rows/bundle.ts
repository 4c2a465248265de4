/** How heavy the Worker is, and how long it takes a process to have it ready. */

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { bundle as readBundle } from "../build.ts";
import { median, spread, written } from "../figures.ts";
import { firstAnswer } from "../world.ts";
import type { Row } from "./row.ts";

const MOST_KIB = 200;
const MOST_MS = 60;
const STARTS = 9;

export const bundle: Row = {
  name: "bundle",
  measure: "bundle, and its start-up: the first answer of a new process to a token read, over that of `hello`",
  mustHold: `≤ ${MOST_KIB} KiB gzip; ≤ ${MOST_MS} ms`,
  run: async (stage) => {
    const modules = readBundle();
    const hello = [{ path: "hello.js", contents: readFileSync("bench/floors/hello.js", "utf8") }];
    // All of it as one, as wrangler's own figure is.
    const kib = gzipSync(modules.map(({ contents }) => contents).join("")).byteLength / 1024;
    await firstAnswer(hello);
    const floors: number[] = [];
    const starts: number[] = [];
    for (let round = 1; round <= STARTS; round++) {
      stage.say(`start ${round} of ${STARTS}`);
      floors.push(await firstAnswer(hello));
      starts.push(await firstAnswer(modules));
    }
    const over = median(starts) - median(floors);
    return {
      figure: `${kib.toFixed(1)} KiB; ${written(over)} ms`,
      floor: `first answer after ${spread(starts, " ms")}, of hello after ${spread(floors, " ms")}`,
      holds: kib <= MOST_KIB && over <= MOST_MS,
      notes: [],
      numbers: { kib, startUpMs: over },
    };
  },
};
