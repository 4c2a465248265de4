/** The secrets of one page, read from their actors side by side. One that is broken marks its own entry, not the page. */

import type { Lineage } from "../domain/place.ts";
import { toServiceError } from "../errors.ts";
import { secretResource, unreadableSecretResource } from "../jsonapi/auth-secret.ts";
import { secretStub } from "../secret-actor/stub.ts";
import type { IndexedSecret } from "../store/secrets.ts";
import { log } from "../telemetry.ts";
import type { Context } from "./context.ts";
import { noteIfShown } from "./trail.ts";

/** How long an actor may take before its entry goes without. */
const PATIENCE_MS = 5000;

/** Shows what the index found. What was deleted since is left out. */
export async function shownInList(c: Context, at: Lineage, found: IndexedSecret[]): Promise<unknown[]> {
  const shown = await Promise.all(found.map((entry) => show(c, at, entry)));
  return shown.filter((resource) => resource !== null);
}

async function show(c: Context, at: Lineage, entry: IndexedSecret): Promise<unknown> {
  const requestId = c.get("requestId");
  const asked = { requestId, minTtlSeconds: 0, requireToken: false, waits: false };
  try {
    const secret = await secretStub(c.env, entry.workspaceId, entry.id, PATIENCE_MS).read(asked);
    return secretResource(secret, noteIfShown(c, at, secret), Date.now());
  } catch (error) {
    const { failure } = toServiceError(error);
    if (failure.code === "not_found") return null;
    log({
      kind: "alert",
      what: "unreadable_in_list",
      request_id: requestId,
      secret_id: entry.id,
      internal: String(error),
    });
    return unreadableSecretResource(entry, failure.code);
  }
}
