/** `/v2/api-keys`: made, listed, revoked. Nobody gives a key more than they have themselves. */

import { createRoute, z } from "@hono/zod-openapi";
import { makeApiKey } from "../auth/api-key.ts";
import type { ApiKeyId } from "../domain/ids.ts";
import {
  holds,
  keyPermission,
  lacking,
  nothingThere,
  type Permission,
  type Principal,
  visibleKeyLevels,
} from "../domain/permissions.ts";
import { GLOBAL } from "../domain/place.ts";
import { ServiceError } from "../errors.ts";
import { apiKeyResource, apiKeySchema, newApiKeySchema, newKeyProblems } from "../jsonapi/api-key.ts";
import { document, documentSchema, listSchema } from "../jsonapi/document.ts";
import { placeIn, pointerToPlace } from "../jsonapi/place.ts";
import { type ApiKey, deleteApiKey, findApiKey, insertApiKey, listApiKeys } from "../store/api-keys.ts";
import { failures, json, OF_BODIES, OF_DOCUMENTS } from "./answers.ts";
import type { App } from "./context.ts";
import { isolateMemory } from "./isolate-memory.ts";
import { pageOf, pageQuery, writeList } from "./page.ts";
import { alsoRefuse, jsonBody, ownId, placeNamed, queryWithPlace } from "./parameters.ts";
import { permitAt, reach } from "./permit.ts";
import { noteDone } from "./trail.ts";
import { writeDocument } from "./write.ts";

const tags = ["API keys"];

const listKeys = createRoute({
  tags,
  method: "get",
  path: "/v2/api-keys",
  summary: "List API keys",
  description:
    "Those whose scope lies within the caller's own, and within the place that the query names. Without the keys themselves.",
  request: { query: queryWithPlace(pageQuery) },
  responses: { 200: json("The keys.", listSchema(apiKeySchema)), ...failures("invalid_document") },
});

const createKey = createRoute({
  tags,
  method: "post",
  path: "/v2/api-keys",
  summary: "Create an API key",
  description:
    "For the tenant, contract or workspace of the relationship, or everywhere. The key is shown in this answer and never again.",
  middleware: alsoRefuse((sent) => newKeyProblems(sent, Date.now())),
  request: { body: jsonBody(newApiKeySchema) },
  responses: { 201: json("The key.", documentSchema(apiKeySchema)), ...failures(...OF_DOCUMENTS) },
});

const revokeKey = createRoute({
  tags,
  method: "delete",
  path: "/v2/api-keys/{id}",
  summary: "Revoke an API key",
  request: { params: z.object({ id: ownId<ApiKeyId>() }) },
  responses: { 204: { description: "It opens nothing any more." }, ...failures(...OF_BODIES) },
});

export function addApiKeyRoutes(app: App): void {
  app.openapi(listKeys, async (c) => {
    const query = c.req.valid("query");
    const principal = c.get("principal");
    const named = placeNamed(query);
    if (named !== undefined) await reach(c, named);
    const within = named ?? principal.lineage[0];
    const levels = visibleKeyLevels(principal, within);
    if (levels.length === 0) throw lacking(keyPermission(within.level, "get"));
    const page = pageOf(query);
    const found = await listApiKeys(c.env.DB, within, levels, page);
    return writeList(
      c,
      found,
      page,
      found.items.map((key) => apiKeyResource(key)),
    );
  });

  app.openapi(createKey, async (c) => {
    const { attributes, relationships } = c.req.valid("json").data;
    const place = placeIn(relationships) ?? GLOBAL[0];
    const at = await permitAt(c, keyPermission(place.level, "create"), place, pointerToPlace(place));
    const principal = c.get("principal");
    requireHeld(principal, attributes.permissions);
    const expiresAt = endOf(principal, attributes.expires_at ?? null);
    const { text, id, hash } = await makeApiKey();
    const key: ApiKey = {
      id,
      hash,
      name: attributes.name,
      email: attributes.email ?? null,
      place,
      permissions: [...new Set(attributes.permissions)],
      expiresAt,
      createdAt: Date.now(),
      lastUsedAt: null,
    };
    await insertApiKey(c.env.DB, key, at);
    noteDone(c, "api_key.created", at, { type: "api-key", id });
    return writeDocument(201, document(apiKeyResource(key, text)));
  });

  app.openapi(revokeKey, async (c) => {
    const key = await findApiKey(c.env.DB, c.req.valid("param").id);
    if (key === null) throw nothingThere();
    await permitAt(c, keyPermission(key.place.level, "delete"), key.place);
    await deleteApiKey(c.env.DB, key.id);
    noteDone(c, "api_key.revoked", [key.place], { type: "api-key", id: key.id });
    isolateMemory(c.env).principals.forget((principal) => principal.id === `key:${key.id}`);
    return c.body(null, 204);
  });
}

/**
 * Decides when a new key ends: what a key with an end makes ends with it, at the latest.
 * @throws {ServiceError} `forbidden`
 */
function endOf({ keyEndsAt }: Principal, wanted: string | null): number | null {
  if (wanted === null) return keyEndsAt ?? null;
  const end = Date.parse(wanted);
  if (keyEndsAt === undefined || end <= keyEndsAt) return end;
  const detail = `Your own key ends at ${new Date(keyEndsAt).toISOString()}, and no key that it makes can end later.`;
  throw new ServiceError("forbidden", [{ detail, pointer: "/data/attributes/expires_at" }]);
}

/** @throws {ServiceError} `forbidden`, for each permission that the giver lacks */
function requireHeld(principal: Principal, permissions: Permission[]): void {
  const problems = permissions.flatMap((permission, index) =>
    holds(principal, permission)
      ? []
      : [{ detail: `You do not hold ${permission} yourself.`, pointer: `/data/attributes/permissions/${index}` }],
  );
  if (problems.length > 0) throw new ServiceError("forbidden", problems);
}
