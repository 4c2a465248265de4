/**
 * Where Chromium is, which the tests of the pages drive. Run as a command it says in one sentence how to get it where it is missing,
 * and fails.
 */

import { existsSync } from "node:fs";

const DEBIAN_HAS_IT_AT = "/usr/bin/chromium";

/** What to do where there is none. */
export const HOW_TO_INSTALL =
  "Install Chromium (on Debian: apt-get install -y chromium), or name one with CHROMIUM=/path/to/chromium.";

/** Finds the browser: the one that `CHROMIUM` names, or Debian's. Null where it is not installed. */
export function findChromium(): string | null {
  const path = process.env["CHROMIUM"] || DEBIAN_HAS_IT_AT;
  return existsSync(path) ? path : null;
}

if (import.meta.main && findChromium() === null) {
  console.error(`The pages are tested in a real browser, and there is none here. ${HOW_TO_INSTALL}`);
  process.exit(1);
}
