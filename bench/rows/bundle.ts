/** How heavy the Worker is, and how long it takes a process to have it ready. */

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { bundle as readBundle } from "../build.ts";
import { median, spread } from "../figures.ts";
import { startUpMs } from "../profile.ts";
import { firstAnswer } from "../world.ts";
import type { Row } from "./row.ts";

const MOST_KIB = 200;
const MOST_MS = 60;
const STARTS = 9;
const PROFILES = 5;

export const bundle: Row = {
  name: "bundle",
  measure: "bundle, and its start-up as wrangler profiles it",
  mustHold: `≤ ${MOST_KIB} KiB gzip; ≤ ${MOST_MS} ms`,
  run: async (stage) => {
    const modules = readBundle();
    const hello = [{ path: "hello.js", contents: readFileSync("bench/floors/hello.js", "utf8") }];
    // All of it as one, as wrangler's own figure is.
    const kib = gzipSync(modules.map(({ contents }) => contents).join("")).byteLength / 1024;
    const profiled: number[] = [];
    for (let round = 1; round <= PROFILES; round++) {
      stage.say(`profile ${round} of ${PROFILES}`);
      profiled.push(await startUpMs());
    }
    await firstAnswer(hello);
    const floors: number[] = [];
    const starts: number[] = [];
    for (let round = 1; round <= STARTS; round++) {
      stage.say(`start ${round} of ${STARTS}`);
      floors.push(await firstAnswer(hello));
      starts.push(await firstAnswer(modules));
    }
    const startUp = median(profiled);
    return {
      figure: `${kib.toFixed(1)} KiB; ${spread(profiled, " ms")}`,
      floor: null,
      holds: kib <= MOST_KIB && startUp <= MOST_MS,
      notes: [
        `a new process of Miniflare answers a token read after ${spread(starts, " ms")}, hello after ${spread(floors, " ms")}`,
      ],
      numbers: { kib, startUpMs: startUp, firstAnswerMs: median(starts), helloFirstAnswerMs: median(floors) },
    };
  },
};
