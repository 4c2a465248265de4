/** `GET /v2/…/events`: what happened in a workspace, a contract, a tenant or to what belongs to everybody, to be read on from a cursor. */

import { createRoute, z } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../domain/events.ts";
import type { ContractId, TenantId } from "../domain/ids.ts";
import { eventsPermission } from "../domain/permissions.ts";
import { GLOBAL, type Place } from "../domain/place.ts";
import { CURSOR, cursorOf, eventsSchema, positionOf, workspaceEvent } from "../jsonapi/event.ts";
import { listEvents } from "../store/events.ts";
import { failures, json } from "./answers.ts";
import type { App, Context } from "./context.ts";
import { platformId, wholeNumber, workspaceId } from "./parameters.ts";
import { permitAt } from "./permit.ts";
import { type Written, writeDocument } from "./write.ts";

const MAX_LIMIT = 100;

const query = z.object({
  after: z.string().regex(CURSOR, { error: "must be a cursor of meta.cursor" }).optional().openapi({
    description: "A cursor, as it stands in `meta.cursor`; it goes on from there. Without one: from the beginning.",
  }),
  order: z.enum(["asc", "desc"]).optional().openapi({
    description: "`desc`: the newest first, and each page an older one. A cursor belongs to its order.",
  }),
  limit: wholeNumber(1, MAX_LIMIT)
    .optional()
    .openapi({ description: `At most ${MAX_LIMIT}, which is also what is given without it.` }),
  "filter[type]": z.enum(EVENT_TYPES).optional().openapi({ description: "Those of this type." }),
  "filter[subject]": platformId().optional().openapi({ description: "Those about the thing with this id." }),
});

const shared = {
  tags: ["Events"],
  method: "get" as const,
  description:
    "Who read, changed or was refused what, and every refresh, in the order in which it was heard of, which is some seconds after it happened. Whoever goes on from `meta.cursor` misses nothing, not even what was late. What happened below has a trail there.",
  responses: { 200: json("What happened.", eventsSchema), ...failures("invalid_document") },
};

const ofAll = createRoute({
  ...shared,
  path: "/v2/events",
  summary: "Read the events of what belongs to everybody",
  request: { query },
});
const ofTenant = createRoute({
  ...shared,
  path: "/v2/tenants/{tenant}/events",
  summary: "Read a tenant's events",
  request: { params: z.object({ tenant: platformId<TenantId>().openapi({ description: "The tenant's id." }) }), query },
});
const ofContract = createRoute({
  ...shared,
  path: "/v2/contracts/{contract}/events",
  summary: "Read a contract's events",
  request: {
    params: z.object({ contract: platformId<ContractId>().openapi({ description: "The contract's id." }) }),
    query,
  },
});
const ofWorkspace = createRoute({
  ...shared,
  path: "/v2/workspaces/{workspace}/events",
  summary: "Read a workspace's events",
  request: { params: z.object({ workspace: workspaceId }), query },
});

export function addEventRoutes(app: App): void {
  app.openapi(ofAll, async (c) => await trailOf(c, GLOBAL[0], c.req.valid("query")));
  app.openapi(ofTenant, async (c) => {
    return await trailOf(c, { level: "tenant", id: c.req.valid("param").tenant }, c.req.valid("query"));
  });
  app.openapi(ofContract, async (c) => {
    return await trailOf(c, { level: "contract", id: c.req.valid("param").contract }, c.req.valid("query"));
  });
  app.openapi(ofWorkspace, async (c) => {
    return await trailOf(c, { level: "workspace", id: c.req.valid("param").workspace }, c.req.valid("query"));
  });
}

/** Reads on in the trail of a place. */
async function trailOf(c: Context, place: Place, asked: z.infer<typeof query>): Promise<Written> {
  const { after, order = "asc", limit = MAX_LIMIT, "filter[type]": type, "filter[subject]": subject } = asked;
  await permitAt(c, eventsPermission(place.level), place);
  const from = after === undefined ? null : positionOf(after);
  const found = await listEvents(c.env.DB, place, { type, subject }, order, from, limit);
  const cursor = cursorOf(found.at(-1)?.position ?? from ?? 0);
  const self = new URL(c.req.url);
  const next = new URL(self);
  next.searchParams.set("after", cursor);
  return writeDocument(200, {
    data: found.map(workspaceEvent),
    meta: { cursor },
    links: { self: self.pathname + self.search, next: found.length < limit ? null : next.pathname + next.search },
  });
}
