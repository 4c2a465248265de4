/** What the routes are handed where a test makes the router itself and nothing is asked of anybody. */

import type { Outside } from "../../src/http/context.ts";

export const OFFLINE: Outside = {
  fetchJwks: () => Promise.resolve(""),
  discover: () => Promise.resolve({ kind: "failed", fault: "unreachable" }),
  diagnose: () => Promise.resolve([]),
};
