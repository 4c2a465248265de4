/** The rows of the table, in their order. */

import { bundle } from "./bundle.ts";
import { counts } from "./counts.ts";
import { due } from "./due.ts";
import { endurance } from "./endurance.ts";
import { herd } from "./herd.ts";
import { list } from "./list.ts";
import { many } from "./many.ts";
import type { Row } from "./row.ts";
import { edge, fullSecret, memory, memoryJwt, origin } from "./token-reads.ts";

export const ROWS: readonly Row[] = [
  memory,
  memoryJwt,
  edge,
  origin,
  fullSecret,
  list,
  herd,
  due,
  many,
  counts,
  bundle,
  endurance,
];
