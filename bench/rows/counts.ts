/** What is counted rather than timed: tests hold it at every change, and the table says which. */

import { readFileSync } from "node:fs";
import type { Row } from "./row.ts";

/** Where a count is held. */
const TESTS = [["test/secret-actor/keeper.test.ts", "writes %i rows in the actor, and none in the index"]] as const;

export const counts: Row = {
  name: "counts",
  measure: "one refresh",
  mustHold:
    "≤ 3 rows written in the actor by the alarm, ≤ 1 message queued, no D1 write while the state stays the same",
  run: async () => {
    const missing = TESTS.filter(([file, title]) => !readFileSync(file, "utf8").includes(title));
    return {
      figure: `counted by ${TESTS.map(([file, title]) => `${file}: “${title}”`).join("; ")}`,
      floor: null,
      holds: missing.length === 0,
      notes: missing.map(([file, title]) => `${file} has no test “${title}” any more`),
      numbers: {},
    };
  },
};
