/** What an actor is told of every request: its id, and who asks. */

import type { Context } from "./context.ts";

/** Says which request this is, and whose. */
export function askOf(c: Context): { requestId: string; principal: string } {
  return { requestId: c.get("requestId"), principal: c.get("principal").id };
}
