/** `/v2/maintenance`: whether the service does what it is there for, and work that people begin. */

import { createRoute } from "@hono/zod-openapi";
import { settingsOf } from "../bindings.ts";
import { LOOK_AGAIN } from "../domain/overdue.ts";
import { GLOBAL } from "../domain/place.ts";
import { toServiceError } from "../errors.ts";
import { document, documentSchema } from "../jsonapi/document.ts";
import { OVERDUE_PATH, overdueResource, overdueSchema } from "../jsonapi/overdue.ts";
import { REWRAP_PATH, rewrapResource, rewrapSchema } from "../jsonapi/rewrap.ts";
import { rewrap } from "../jobs/stub.ts";
import { secretStub } from "../secret-actor/stub.ts";
import { type Candidate, countCandidates, findCandidates } from "../store/overdue.ts";
import { countUnderKeys, findRewrap } from "../store/rewraps.ts";
import { failures, json, OF_BODIES } from "./answers.ts";
import type { App, Context } from "./context.ts";
import { permitAt } from "./permit.ts";
import { noteDone } from "./trail.ts";
import { writeDocument } from "./write.ts";

/** One request of ours may make 1,000. */
const MOST_ASKED = 500;
const AT_ONCE = 50;
const PATIENCE_MS = 5000;

const readOverdue = createRoute({
  tags: ["Maintenance"],
  method: "get",
  path: OVERDUE_PATH,
  summary: "Count overdue refreshes",
  description:
    "Everywhere, as far as it is time to look: at each secret when it is first due, and every six hours or so. Changes nothing.",
  responses: { 200: json("How many there are.", documentSchema(overdueSchema)), ...failures() },
});

const readRewrap = createRoute({
  tags: ["Maintenance"],
  method: "get",
  path: REWRAP_PATH,
  summary: "Show under which keys records are sealed",
  description:
    "Counts what each key of `ENCRYPTION_KEYS` is needed for, and tells how far bringing all of it under the first has come.",
  responses: { 200: json("How far it is.", documentSchema(rewrapSchema)), ...failures("storage_integrity") },
});

const startRewrap = createRoute({
  tags: ["Maintenance"],
  method: "post",
  path: REWRAP_PATH,
  summary: "Bring all records under the first key",
  description:
    "Goes on behind the answer, for a quarter of an hour at least. Whoever asks while it is under way joins. Begins by itself once a day, when another key is needed.",
  responses: {
    202: json("It is under way.", documentSchema(rewrapSchema)),
    ...failures("storage_integrity", ...OF_BODIES),
  },
});

export function addMaintenanceRoutes(app: App): void {
  app.openapi(readRewrap, async (c) => {
    await permitAt(c, "global.maintenance.get", GLOBAL[0]);
    return writeDocument(200, document(await rewrapOf(c)));
  });

  app.openapi(startRewrap, async (c) => {
    const where = await permitAt(c, "global.maintenance.edit", GLOBAL[0]);
    await rewrap(c.env, c.get("requestId"));
    noteDone(c, "rewrap.started", where, { type: "rewrap", id: "rewrap" });
    return writeDocument(202, document(await rewrapOf(c)));
  });

  app.openapi(readOverdue, async (c) => {
    await permitAt(c, "global.maintenance.get", GLOBAL[0]);
    const now = Date.now();
    // What the sweep found a moment ago, and woke, is late until it was renewed.
    const until = now + LOOK_AGAIN;
    const candidates = await findCandidates(c.env.DB, until, MOST_ASKED);
    const areAll = candidates.length < MOST_ASKED;
    const others = areAll ? 0 : Math.max(0, (await countCandidates(c.env.DB, until)) - candidates.length);
    const dueAt: (number | null | undefined)[] = [];
    for (let at = 0; at < candidates.length; at += AT_ONCE) {
      const some = candidates.slice(at, at + AT_ONCE);
      dueAt.push(...(await Promise.all(some.map((candidate) => overdueSince(c, candidate)))));
    }
    const overdue = dueAt.filter((since) => since != null);
    const silent = dueAt.filter((since) => since === undefined);
    return writeDocument(200, document(overdueResource(overdue, silent.length + others, now)));
  });
}

async function rewrapOf(c: Context) {
  const kids = settingsOf(c.env).kids();
  const counts = await countUnderKeys(c.env.DB, kids);
  return rewrapResource(kids, counts, await findRewrap(c.env.DB, kids[0]));
}

/** Null: its refresh is not overdue, or there is no such secret any more; undefined: it does not answer. */
async function overdueSince(c: Context, { workspaceId, id }: Candidate): Promise<number | null | undefined> {
  try {
    const actor = secretStub(c.env, workspaceId, id, PATIENCE_MS);
    const asked = { requestId: c.get("requestId"), wake: false, spreadMs: 0 };
    return (await actor.inspect(asked)).overdueSince;
  } catch (error) {
    return toServiceError(error).failure.code === "not_found" ? null : undefined;
  }
}
