/** The limiters of the platform. A deployment without one limits nothing, and says so once. */

import type { Limiter } from "../auth/attempts.ts";
import type { Env } from "../bindings.ts";
import { log } from "../telemetry.ts";

type Name = "READ_LIMIT" | "WRITE_LIMIT" | "FAILURE_LIMIT";

const missed = new Set<Name>();

/** Finds a limiter; undefined where wrangler.toml has none. */
export function limiterOf(env: Env, name: Name): Limiter | undefined {
  const limiter = env[name];
  if (limiter === undefined && !missed.has(name)) {
    missed.add(name);
    log({ kind: "alert", what: "no_limit", internal: `the binding ${name} is missing, so nothing is limited by it` });
  }
  return limiter;
}
