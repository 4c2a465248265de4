/** What the routes are handed where a test makes the router itself and nothing is asked of anybody. */

import type { Outside } from "../../src/http/context.ts";

export const OFFLINE: Outside = {
  fetchJwks: () => Promise.resolve(""),
  discover: () => Promise.resolve({ kind: "failed", fault: "unreachable" }),
  newSigningKey: () => Promise.reject(new Error("There are no keys here.")),
  privateKeyFault: () => Promise.resolve(null),
  diagnose: () => Promise.resolve([]),
};
