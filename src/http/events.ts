/** `GET /v2/workspaces/{ws}/events`: what happened in a workspace, to be read on from a cursor. */

import { createRoute, z } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../domain/events.ts";
import { CURSOR, cursorOf, eventsSchema, positionOf, workspaceEvent } from "../jsonapi/event.ts";
import { listEvents } from "../store/events.ts";
import { failures, json } from "./answers.ts";
import type { App } from "./context.ts";
import { platformId, wholeNumber, workspaceId } from "./parameters.ts";
import { permitIn } from "./permit.ts";
import { writeDocument } from "./write.ts";

const MAX_LIMIT = 100;

const route = createRoute({
  tags: ["Events"],
  path: "/v2/workspaces/{workspace}/events",
  method: "get",
  summary: "Read a workspace's events",
  description:
    "Who read, changed or was refused what, and every refresh, in the order in which it was heard of, which is some seconds after it happened. Whoever goes on from `meta.cursor` misses nothing, not even what was late.",
  request: {
    params: z.object({ workspace: workspaceId }),
    query: z.object({
      after: z
        .string()
        .regex(CURSOR, { error: "must be a cursor of meta.cursor" })
        .optional()
        .openapi({ description: "A cursor, as it stands in `meta.cursor`. Without one: from the beginning." }),
      limit: wholeNumber(1, MAX_LIMIT)
        .optional()
        .openapi({ description: `At most ${MAX_LIMIT}, which is also what is given without it.` }),
      "filter[type]": z.enum(EVENT_TYPES).optional().openapi({ description: "Those of this type." }),
      "filter[subject]": platformId().optional().openapi({ description: "Those about the thing with this id." }),
    }),
  },
  responses: { 200: json("What happened.", eventsSchema), ...failures("invalid_document") },
});

export function addEventRoutes(app: App): void {
  app.openapi(route, async (c) => {
    const { workspace } = c.req.valid("param");
    const { after, limit = MAX_LIMIT, "filter[type]": type, "filter[subject]": subject } = c.req.valid("query");
    await permitIn(c, workspace, "workspaces.events.get");
    const from = after === undefined ? 0 : positionOf(after);
    const found = await listEvents(c.env.DB, workspace, { type, subject }, from, limit);
    const cursor = cursorOf(found.at(-1)?.position ?? from);
    const self = new URL(c.req.url);
    const next = new URL(self);
    next.searchParams.set("after", cursor);
    return writeDocument(200, {
      data: found.map(workspaceEvent),
      meta: { cursor },
      links: { self: self.pathname + self.search, next: found.length < limit ? null : next.pathname + next.search },
    });
  });
}
