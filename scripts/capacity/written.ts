/** Where the figures stand: docs/CAPACITY.md and the README, with what was computed put in its place. */

import type { Sizes } from "./arithmetic.ts";
import { BEGIN, END, sentence, tables } from "./table.ts";

/** The sentence of the README, whatever its figures. */
const SENTENCE = /^One secret costs about .*$/m;

/** Gives both files as they have to be, from what they are. */
export function written(sizes: Sizes, read: (name: string) => string): Record<string, string> {
  const capacity = read("docs/CAPACITY.md");
  const [begin, end] = [capacity.indexOf(BEGIN), capacity.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error("docs/CAPACITY.md has lost its markers");
  const readme = read("README.md");
  if (!SENTENCE.test(readme)) throw new Error("README.md has lost its sentence about the cost");
  return {
    "docs/CAPACITY.md": `${capacity.slice(0, begin)}${BEGIN}\n\n${tables(sizes)}\n\n${capacity.slice(end)}`,
    "README.md": readme.replace(SENTENCE, () => sentence(sizes)),
  };
}
