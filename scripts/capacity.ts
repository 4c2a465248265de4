/**
 * Computes what so many secrets cost and where the first limit is: prints the tables of docs/CAPACITY.md, or writes them, with the README's
 * sentence.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { measure } from "./capacity/sizes.ts";
import { sentence, tables } from "./capacity/table.ts";
import { written } from "./capacity/written.ts";

const USAGE = `npm run capacity -- [--write]

  --write   put the tables into docs/CAPACITY.md, and the sentence into README.md`;

const { values } = parseArgs({ options: { write: { type: "boolean" }, help: { type: "boolean" } } });
if (values.help === true) console.log(USAGE);
else {
  const sizes = await measure();
  if (values.write === true) {
    const files = written(sizes, (name) => readFileSync(name, "utf8"));
    for (const [name, text] of Object.entries(files)) writeFileSync(name, text);
  } else console.log(`${tables(sizes)}\n\n${sentence(sizes)}`);
}
