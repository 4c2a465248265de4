/** `/v2/tenants`, `/v2/contracts`, `/v2/workspaces`: what contains what. Deleting one takes everything below it along. */

import { createRoute, z } from "@hono/zod-openapi";
import type { ContractId, TenantId } from "../domain/ids.ts";
import { holds, lacking, nothingThere, type Permission } from "../domain/permissions.ts";
import { GLOBAL, type NarrowLevel, type NarrowPlace, type Place } from "../domain/place.ts";
import { removePlace } from "../jobs/stub.ts";
import { document, documentSchema, listSchema, memberAt, relationship } from "../jsonapi/document.ts";
import { newPlaceSchema, placeIn, placeResource, placeSchema, pointerToPlace } from "../jsonapi/place.ts";
import { findRegistration, insertRegistration, listRegistrations, type Registration } from "../store/tenancy.ts";
import { failures, json, OF_BODIES, OF_DOCUMENTS } from "./answers.ts";
import type { App, Context } from "./context.ts";
import { isolateMemory } from "./isolate-memory.ts";
import { pageOf, pageQuery, writeList } from "./page.ts";
import { alsoRefuse, jsonBody, placeNamed, platformId, queryWithPlace } from "./parameters.ts";
import { permitAt, reach } from "./permit.ts";
import { noteDone } from "./trail.ts";
import { writeDocument } from "./write.ts";

/** What each level lies in, and how its permissions begin. */
const KINDS = {
  tenant: { parent: null, permissions: "global.tenants" },
  contract: { parent: "tenant", permissions: "tenants.contracts" },
  workspace: { parent: "contract", permissions: "contracts.workspaces" },
} as const;

const RELATIONSHIPS = {
  tenant: z.strictObject({}).default({}),
  contract: z.strictObject({ tenant: relationship<TenantId>("tenant").optional() }).default({}),
  workspace: z.strictObject({ contract: relationship<ContractId>("contract").optional() }).default({}),
};

/** Both spellings of a filter mean the same. */
const listQuery = queryWithPlace({
  "filter[tenant_id]": platformId<TenantId>().optional().openapi({ description: "The same as `tenant_id`." }),
  "filter[contract_id]": platformId<ContractId>().optional().openapi({ description: "The same as `contract_id`." }),
  ...pageQuery,
});

export function addTenancyRoutes(app: App): void {
  addRoutes(app, "tenant");
  addRoutes(app, "contract");
  addRoutes(app, "workspace");
}

function addRoutes(app: App, level: NarrowLevel): void {
  const tags = ["Tenancy"];
  const path = `/v2/${level}s`;
  const { parent } = KINDS[level];
  const answer = documentSchema(placeSchema);
  const one = {
    tags,
    path: `${path}/{id}`,
    request: { params: z.object({ id: platformId().openapi({ description: `The ${level}'s id.` }) }) },
  };

  const listPlaces = createRoute({
    tags,
    method: "get",
    path,
    summary: `List ${level}s`,
    description: "Those within the caller's own scope, and within the place that the query names.",
    request: { query: listQuery },
    responses: { 200: json(`The ${level}s.`, listSchema(placeSchema)), ...failures("invalid_document") },
  });
  app.openapi(listPlaces, async (c) => {
    const query = c.req.valid("query");
    const named = placeNamed({
      ...query,
      tenant_id: query.tenant_id ?? query["filter[tenant_id]"],
      contract_id: query.contract_id ?? query["filter[contract_id]"],
    });
    if (named !== undefined) await reach(c, named);
    if (!holds(c.get("principal"), permissionTo(level, "get"))) throw lacking(permissionTo(level, "get"));
    const within = named ?? c.get("principal").lineage[0];
    const page = pageOf(query);
    const found = await listRegistrations(c.env.DB, level, within, page);
    return writeList(c, found, page, found.items.map(resourceOf));
  });

  const createPlace = createRoute({
    tags,
    method: "post",
    path,
    summary: `Create a ${level}`,
    description:
      parent === null
        ? "With an id of your own, or one that is made."
        : `In the ${parent} of the relationship, or in the caller's own.`,
    middleware: alsoRefuse((sent, c) => (parent === null ? [] : parentProblems(sent, c, parent))),
    request: { body: jsonBody(newPlaceSchema(level, RELATIONSHIPS[level])) },
    responses: { 201: json(`The ${level}.`, answer), ...failures(...OF_DOCUMENTS, "conflict") },
  });
  app.openapi(createPlace, async (c) => {
    const { id, attributes, relationships } = c.req.valid("json").data;
    const own = c.get("principal").lineage[0];
    const around = placeIn(relationships) ?? ownParent(c, parent) ?? GLOBAL[0];
    const at = await permitAt(c, permissionTo(level, "create"), around, pointerToPlace(around));
    const place: Registration = {
      level,
      id: id ?? crypto.randomUUID(),
      name: attributes.name,
      parentId: around.level === "global" ? null : around.id,
      createdAt: Date.now(),
    };
    await insertRegistration(c.env.DB, place, own.level === "global");
    isolateMemory(c.env).forgetPlace(placeAt(level, place.id));
    noteDone(c, `${level}.created`, [placeAt(level, place.id), ...at], { type: level, id: place.id });
    return writeDocument(201, document(resourceOf(place)));
  });

  const readPlace = createRoute({
    ...one,
    method: "get",
    summary: `Read a ${level}`,
    responses: { 200: json(`The ${level}.`, answer), ...failures() },
  });
  app.openapi(readPlace, async (c) => {
    const found = await findPermitted(c, placeAt(level, c.req.valid("param").id), permissionTo(level, "get"));
    return writeDocument(200, document(resourceOf(found)));
  });

  const removeIt = createRoute({
    ...one,
    method: "delete",
    summary: `Delete a ${level}`,
    description:
      "With everything below it: secrets with their tokens and alarms, auth clients, keys. It is unreachable at once.",
    responses: {
      202: json(
        "It is unreachable; what lies below it is being removed.",
        z.strictObject({ meta: z.strictObject({}) }),
      ),
      204: { description: "It is gone." },
      ...failures(...OF_BODIES),
    },
  });
  app.openapi(removeIt, async (c) => {
    const place = placeAt(level, c.req.valid("param").id);
    const found = await findPermitted(c, place, permissionTo(level, "delete"));
    const removal = removePlace(c.env, { place, createdAt: found.createdAt }, c.get("requestId"));
    const isGone = await removal.finally(() => isolateMemory(c.env).forgetPlace(place));
    // Its own trail goes with it.
    noteDone(c, `${level}.deleted`, [aroundOf(found)], { type: level, id: place.id });
    return isGone ? c.body(null, 204) : writeDocument(202, { meta: {} });
  });
}

function placeAt(level: NarrowLevel, id: string): NarrowPlace {
  return { level, id } as NarrowPlace;
}

function permissionTo(level: NarrowLevel, action: "get" | "create" | "delete"): Permission {
  return `${KINDS[level].permissions}.${action}`;
}

/** What a place belongs to whose document does not say so: the tenant or contract that the caller is in. */
function ownParent(c: Context, parent: "tenant" | "contract" | null): Place | undefined {
  return c.get("principal").lineage.find(({ level }) => level === parent);
}

function parentProblems(sent: unknown, c: Context, parent: "tenant" | "contract") {
  const isStated = memberAt(sent, ["data", "relationships", parent]) !== undefined;
  if (isStated || ownParent(c, parent) !== undefined) return [];
  return [{ detail: `"${parent}" is required.`, pointer: `/data/relationships/${parent}` }];
}

async function findPermitted(c: Context, place: NarrowPlace, permission: Permission): Promise<Registration> {
  await permitAt(c, permission, place);
  const found = await findRegistration(c.env.DB, place);
  if (found === null) throw nothingThere();
  return found;
}

function aroundOf({ level, parentId }: Registration): Place {
  const { parent } = KINDS[level];
  return parent === null ? GLOBAL[0] : ({ level: parent, id: parentId } as Place);
}

function resourceOf(place: Registration) {
  const around = aroundOf(place);
  return placeResource(place, around.level === "global" ? null : around);
}
