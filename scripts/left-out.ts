/** Says behind `npm test` what it does not run, so that nobody takes it for everything. */

import { findChromium, HOW_TO_INSTALL } from "./chromium.ts";

const browser = findChromium();
console.log(`
  Left out here, each a command of its own (README.md, "More"):
  - npm run test:browser      the pages, in ${browser ?? `a real browser, which is MISSING. ${HOW_TO_INSTALL}`}
  - npm run test:permissions  every route, for everybody, from everywhere
  - npm run test:crowds       a thousand callers at once, and places that go with all that is in them
  - npm run test:worlds       two hundred simulated worlds
  - npm run test:processes    the commands as people run them
  - npm run test:removal      the deletion of ten thousand secrets
  - npm run test:chaos        servers that are killed in the middle of refreshes
  - npm run test:fuzz         twenty thousand requests that nobody would send
`);
