/** `/v2/auth-clients`: registrations at providers. */

import { createRoute, z } from "@hono/zod-openapi";
import { publicUrlFor, settingsOf } from "../bindings.ts";
import { type AuthClient, usableIn } from "../domain/auth-client.ts";
import { type AuthClientId, OWN_ID, type WorkspaceId } from "../domain/ids.ts";
import { clientPermission, contains, holds, permit, type Principal } from "../domain/permissions.ts";
import { ServiceError } from "../errors.ts";
import {
  authClientResource,
  newAuthClientSchema,
  placeOf,
  registrationOf,
  loopbackProblems,
} from "../jsonapi/auth-client.ts";
import { document } from "../jsonapi/document.ts";
import {
  deleteAuthClient,
  findAuthClient,
  insertAuthClient,
  openAuthClient,
  type SealedAuthClient,
} from "../store/auth-clients.ts";
import type { App, Context } from "./context.ts";
import { alsoRefuse, jsonBody, ownId, workspaceId } from "./parameters.ts";
import { writeDocument } from "./write.ts";

const createClient = createRoute({
  method: "post",
  path: "/v2/auth-clients",
  middleware: alsoRefuse((sent, settings) => loopbackProblems(sent, settings.egress)),
  request: { body: jsonBody(newAuthClientSchema) },
  responses: { 201: { description: "The auth client." } },
});

const oneClient = {
  path: "/v2/auth-clients/{id}",
  request: {
    params: z.object({ id: ownId<AuthClientId>() }),
    query: z.object({ workspace_id: workspaceId.optional() }),
  },
} as const;

const readClient = createRoute({
  ...oneClient,
  method: "get",
  responses: { 200: { description: "The auth client." } },
});
const removeClient = createRoute({
  ...oneClient,
  method: "delete",
  responses: { 204: { description: "It is gone." } },
});

export function addAuthClientRoutes(app: App): void {
  app.openapi(createClient, async (c) => {
    const { data } = c.req.valid("json");
    const settings = settingsOf(c.env);
    const place = placeOf(data);
    permit(c.get("principal"), clientPermission(place, "create"), place);
    const credentials = registrationOf(data);
    const client: AuthClient = {
      id: crypto.randomUUID() as AuthClientId,
      place,
      type: "oauth2",
      name: data.attributes.name,
      components: data.relationships.components?.data.map((component) => component.id) ?? [],
      credentials,
      refreshLeadSeconds: data.attributes.refresh_lead_seconds,
      version: 1,
      createdAt: Date.now(),
    };
    await insertAuthClient(c.env.DB, settings.keyring(), client);
    return write(c, 201, client);
  });

  app.openapi(readClient, async (c) => {
    const stored = await findVisible(c, c.req.valid("param").id, c.req.valid("query").workspace_id);
    return write(c, 200, await openAuthClient(settingsOf(c.env).keyring(), stored));
  });

  app.openapi(removeClient, async (c) => {
    const stored = await findVisible(c, c.req.valid("param").id, c.req.valid("query").workspace_id);
    permit(c.get("principal"), clientPermission(stored.place, "delete"), stored.place);
    await deleteAuthClient(c.env.DB, stored.id);
    return c.body(null, 204);
  });
}

/** Finds a client that can be used from a workspace. @throws {ServiceError} `not_found` with a pointer to the relationship */
export async function findUsableClient(
  c: Context,
  id: AuthClientId,
  workspace: WorkspaceId,
): Promise<SealedAuthClient> {
  const stored = OWN_ID.test(id) ? await findAuthClient(c.env.DB, id) : null;
  if (stored !== null && usableIn(stored, workspace)) return stored;
  throw new ServiceError("not_found", [
    { detail: "There is no such auth client in this workspace.", pointer: "/data/relationships/auth_client/data/id" },
  ]);
}

/** Finds a client that the caller may know of: a global one, or one of the workspace that they name or belong to. */
async function findVisible(c: Context, id: AuthClientId, named: WorkspaceId | undefined): Promise<SealedAuthClient> {
  const principal = c.get("principal");
  const stored = await findAuthClient(c.env.DB, id);
  if (stored === null || !isVisible(stored, principal, named)) {
    throw new ServiceError("not_found", "There is no such auth client.");
  }
  return stored;
}

function isVisible({ place }: SealedAuthClient, principal: Principal, named: WorkspaceId | undefined): boolean {
  if (place.level === "global") return true;
  const asksFrom = named ?? (principal.place.level === "workspace" ? principal.place.id : null);
  return asksFrom === place.id && contains(principal.place, place);
}

function write(c: Context, status: 200 | 201, client: AuthClient): Response {
  const principal = c.get("principal");
  const showCredentials =
    contains(principal.place, client.place) && holds(principal, clientPermission(client.place, "get"));
  const publicUrl = publicUrlFor(settingsOf(c.env), c.req.url);
  return writeDocument(c, status, document(authClientResource(client, publicUrl, showCredentials)));
}
