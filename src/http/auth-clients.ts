/** `/v2/auth-clients`: registrations at providers, each for everybody or for one tenant, contract or workspace. */

import { createRoute, z } from "@hono/zod-openapi";
import { publicUrlFor, settingsOf } from "../bindings.ts";
import { type AuthClient, hasTokens } from "../domain/auth-client.ts";
import { type AuthClientId, OWN_ID } from "../domain/ids.ts";
import {
  clientPermission,
  holds,
  lacking,
  nothingThere,
  type Principal,
  reaches,
  visibleLevels,
} from "../domain/permissions.ts";
import { contains, GLOBAL, isSame, type Lineage, type Place } from "../domain/place.ts";
import { ServiceError, toServiceError } from "../errors.ts";
import { wakeSecrets } from "../jobs/stub.ts";
import { authClientResource, authClientSchema } from "../jsonapi/auth-client-resource.ts";
import {
  authClientChangeSchema,
  changedAuthClient,
  clientChangeProblems,
  newAuthClient,
  newAuthClientSchema,
  newClientProblems,
} from "../jsonapi/auth-client.ts";
import { document, documentSchema, listSchema } from "../jsonapi/document.ts";
import { placeIn, pointerToPlace } from "../jsonapi/place.ts";
import { registrationChangeSchema, registrationSchema } from "../jsonapi/registration.ts";
import { secretStub } from "../secret-actor/stub.ts";
import {
  deleteAuthClient,
  type EndedFlow,
  findAuthClient,
  hasSecrets,
  insertAuthClient,
  listAuthClients,
  openAuthClient,
  type SealedAuthClient,
  updateAuthClient,
} from "../store/auth-clients.ts";
import { log } from "../telemetry.ts";
import { failures, json, OF_BODIES, OF_DOCUMENTS } from "./answers.ts";
import type { App, Context, Outside } from "./context.ts";
import { discoverFor } from "./issuer.ts";
import { pageOf, pageQuery, writeList } from "./page.ts";
import {
  alsoRefuse,
  idInPath,
  jsonBody,
  ownId,
  partOfName,
  placeNamed,
  platformId,
  queryWithPlace,
} from "./parameters.ts";
import { permitAt, reach } from "./permit.ts";
import { ableToSign } from "./signing-keys.ts";
import { noteDone } from "./trail.ts";
import { writeDocument, type Written } from "./write.ts";

const tags = ["Auth clients"];
const answer = documentSchema(authClientSchema);
const oneClient = {
  tags,
  path: "/v2/auth-clients/{id}",
  request: { params: z.object({ id: ownId<AuthClientId>() }) },
} as const;

const listClients = createRoute({
  tags,
  method: "get",
  path: "/v2/auth-clients",
  summary: "List auth clients",
  description:
    "Those that can be used in the place that the query names: its own, and those of everything around it. Without one: global ones.",
  request: {
    query: queryWithPlace({
      "filter[component]": platformId().optional().openapi({ description: "Those for this component." }),
      "filter[name]": partOfName,
      ...pageQuery,
    }),
  },
  responses: {
    200: json("The auth clients.", listSchema(authClientSchema)),
    ...failures("invalid_document"),
  },
});

const createClient = createRoute({
  tags,
  method: "post",
  path: "/v2/auth-clients",
  summary: "Create an auth client",
  description: "For the tenant, contract or workspace that a relationship names, or for everybody.",
  middleware: alsoRefuse((sent, c) => newClientProblems(sent, settingsOf(c.env).egress)),
  request: { body: jsonBody(newAuthClientSchema) },
  responses: { 201: json("The auth client.", answer), ...failures(...OF_DOCUMENTS, "conflict", "storage_integrity") },
});

const readClient = createRoute({
  ...oneClient,
  method: "get",
  request: { ...oneClient.request, query: queryWithPlace({}) },
  summary: "Read an auth client",
  description:
    "One that is not global is found from a place where it can be used: the query names it, or it is the caller's own.",
  responses: { 200: json("The auth client.", answer), ...failures("invalid_document", "storage_integrity") },
});

const changeClient = createRoute({
  ...oneClient,
  method: "patch",
  summary: "Change an auth client",
  description:
    "What is not stated stays, but the credentials of other types than `oauth2` are replaced. Type, level, `client_id` and URIs cannot change.",
  middleware: alsoRefuse(async (sent, c) => {
    c.set("client", await findForChange(c, idInPath(c, "id", ownId<AuthClientId>()), "edit"));
    return clientChangeProblems(sent, c.get("client").type, settingsOf(c.env).egress);
  }),
  request: { ...oneClient.request, body: jsonBody(authClientChangeSchema) },
  responses: { 200: json("The auth client.", answer), ...failures(...OF_DOCUMENTS, "conflict", "storage_integrity") },
});

const removeClient = createRoute({
  ...oneClient,
  method: "delete",
  summary: "Delete an auth client",
  description: "Only while no secret uses it.",
  responses: { 204: { description: "It is gone." }, ...failures(...OF_BODIES, "conflict") },
});

export function addAuthClientRoutes(app: App, outside: Outside): void {
  app.openAPIRegistry.register("OAuth2Registration", registrationSchema);
  app.openAPIRegistry.register("OAuth2RegistrationChange", registrationChangeSchema);

  app.openapi(listClients, async (c) => {
    const query = c.req.valid("query");
    const principal = c.get("principal");
    const place = placeNamed(query);
    const at = place === undefined ? GLOBAL : await reach(c, place);
    const levels = visibleLevels(principal);
    if (levels.length === 0) throw lacking(clientPermission(at[0].level, "get"));
    const page = pageOf(query);
    const filters = { component: query["filter[component]"], name: query["filter[name]"] };
    const found = await listAuthClients(c.env.DB, at, levels, filters, page);
    return writeList(c, found, page, await Promise.all(found.items.map((stored) => shownInList(c, stored, at))));
  });

  app.openapi(createClient, async (c) => {
    const { data } = c.req.valid("json");
    const place = placeIn(data.relationships) ?? GLOBAL[0];
    const at = await permitAt(c, clientPermission(place.level, "create"), place, pointerToPlace(place));
    const { cipher, egress } = settingsOf(c.env);
    const client = newAuthClient(data, place, {
      id: data.id ?? (crypto.randomUUID() as AuthClientId),
      createdAt: Date.now(),
    });
    const discovered = await discoverFor(client, outside.discover, egress);
    const metadata = discovered?.kind === "heard" ? discovered.metadata : null;
    const signing = await ableToSign({ ...client, metadata }, outside);
    const stored = await insertAuthClient(c.env.DB, cipher, signing, at, discovered);
    noteClient(c, "created", stored, at);
    return writeClient(c, 201, stored, holds(c.get("principal"), clientPermission(place.level, "get")));
  });

  app.openapi(readClient, async (c) => {
    const place = placeNamed(c.req.valid("query"));
    const at = place === undefined ? c.get("principal").lineage : await reach(c, place);
    const stored = await findAuthClient(c.env.DB, c.req.valid("param").id);
    if (stored === null || !contains(stored.place, at)) throw nothingThere();
    if (!visibleLevels(c.get("principal")).includes(stored.place.level)) {
      throw lacking(clientPermission(stored.place.level, "get"));
    }
    const client = await openAuthClient(settingsOf(c.env).cipher, stored);
    return writeClient(c, 200, client, seesCredentials(c.get("principal"), stored.place, at));
  });

  app.openapi(changeClient, async (c) => {
    const { data } = c.req.valid("json");
    const cipher = settingsOf(c.env).cipher;
    const client = await openAuthClient(cipher, c.get("client"));
    const isCorrected = data.attributes.credentials !== undefined || data.attributes.flavour !== undefined;
    const wanted = changedAuthClient(client, data, isCorrected && (await hasSecrets(c.env.DB, client.id)));
    const next = isCorrected ? await ableToSign(wanted, outside) : wanted;
    const changed = await updateAuthClient(c.env.DB, cipher, next);
    noteClient(c, "changed", changed);
    if (hasTokens(changed.type) && isCorrected) {
      c.executionCtx.waitUntil(wakeSecrets(c.env, changed, c.get("requestId")));
    }
    return writeClient(c, 200, changed, holds(c.get("principal"), clientPermission(changed.place.level, "get")));
  });

  app.openapi(removeClient, async (c) => {
    const client = await findForChange(c, c.req.valid("param").id, "delete");
    const flows = await deleteAuthClient(c.env.DB, client.id);
    noteClient(c, "deleted", client);
    c.executionCtx.waitUntil(clearFlows(c, flows));
    return c.body(null, 204);
  });
}

function noteClient(
  c: Context,
  what: "created" | "changed" | "deleted",
  { id, place, version }: Pick<AuthClient, "id" | "place" | "version">,
  at: Lineage = [place],
): void {
  noteDone(c, `auth_client.${what}`, at, { type: "auth-client", id }, version);
}

/** Clears the actors of flows that nothing leads to any more; one that is not reached clears itself within a day. */
async function clearFlows(c: Context, flows: EndedFlow[]): Promise<void> {
  const ask = { requestId: c.get("requestId") };
  await Promise.allSettled(
    flows.map(({ workspaceId, secretId }) => secretStub(c.env, workspaceId, secretId).clear(ask)),
  );
}

/** Finds a client that can be used in a workspace; `pointer` says where it was named. @throws {ServiceError} `not_found` */
export async function findUsableClient(
  c: Context,
  id: string,
  workspace: Lineage,
  pointer: string,
): Promise<SealedAuthClient> {
  const stored = OWN_ID.test(id) ? await findAuthClient(c.env.DB, id as AuthClientId) : null;
  if (stored !== null && contains(stored.place, workspace)) return stored;
  throw new ServiceError("not_found", [{ detail: "There is no such auth client in this workspace.", pointer }]);
}

/** Finds a client that the caller may change. @throws {ServiceError} `not_found`, `forbidden` */
export async function findForChange(
  c: Context,
  id: AuthClientId,
  action: "edit" | "delete",
): Promise<SealedAuthClient> {
  const stored = await findAuthClient(c.env.DB, id);
  if (stored === null) throw nothingThere();
  await permitAt(c, clientPermission(stored.place.level, action), stored.place);
  return stored;
}

/**
 * Decides whether somebody may see the credentials of a client that can be used in a place: for that they need the permission of the
 * client's own level, and a scope that contains the client.
 */
function seesCredentials(principal: Principal, place: Place, at: Lineage): boolean {
  const [own, ...around] = at.slice(at.findIndex((each) => isSame(each, place)));
  return (
    own !== undefined && reaches(principal, [own, ...around]) && holds(principal, clientPermission(place.level, "get"))
  );
}

/** Writes a client as the answer. */
export function writeClient(c: Context, status: 200 | 201, client: AuthClient, showCredentials: boolean): Written {
  const resource = authClientResource(client, publicUrlOf(c), client.credentials, showCredentials);
  return writeDocument(status, document(resource));
}

/** Shows a client among others: one that cannot be opened says so and is no reason to withhold the rest. */
async function shownInList(c: Context, stored: SealedAuthClient, at: Lineage): Promise<unknown> {
  const showsCredentials = seesCredentials(c.get("principal"), stored.place, at);
  try {
    const client = await openAuthClient(settingsOf(c.env).cipher, stored);
    return authClientResource(client, publicUrlOf(c), client.credentials, showsCredentials);
  } catch (error) {
    if (!showsCredentials) return authClientResource(stored, publicUrlOf(c), null, false);
    const { code } = toServiceError(error).failure;
    log({ kind: "alert", what: "unreadable_in_list", request_id: c.get("requestId"), internal: String(error) });
    return { ...authClientResource(stored, publicUrlOf(c), null, false), meta: { code } };
  }
}

function publicUrlOf(c: Context): string {
  return publicUrlFor(settingsOf(c.env), c.req.url);
}
