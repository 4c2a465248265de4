/** `/v2/workspaces/{ws}/secrets`: what people connected. The token that a step reads is in `token`. */

import { createRoute, z } from "@hono/zod-openapi";
import { type AuthClientId, PLATFORM_ID, type SecretId, type UserId } from "../domain/ids.ts";
import { nothingThere, type Permission } from "../domain/permissions.ts";
import type { Lineage } from "../domain/place.ts";
import type { SecretView } from "../domain/secret.ts";
import { type ErrorCode, ServiceError } from "../errors.ts";
import {
  newSecretProblems,
  newSecretSchema,
  namedClient,
  reportIn,
  secretChangeProblems,
  secretChangeSchema,
  secretResource,
  secretSchema,
  tokenCredentialsSchema,
} from "../jsonapi/auth-secret.ts";
import { contentOf, CREDENTIALS_COMPONENTS } from "../jsonapi/credentials.ts";
import { document, documentSchema, listSchema, memberAt, otherIdProblems } from "../jsonapi/document.ts";
import { secretStub, type SecretStub } from "../secret-actor/stub.ts";
import { seenAround } from "../store/places.ts";
import { findSecretKind, listSecrets } from "../store/secrets.ts";
import { failures, json, OF_BODIES, OF_DOCUMENTS, OF_PROVIDERS } from "./answers.ts";
import { askOf } from "./ask.ts";
import { findUsableClient } from "./auth-clients.ts";
import type { App, Context } from "./context.ts";
import { requireHostFields } from "./host-fields.ts";
import { pageOf, pageQuery, writeList } from "./page.ts";
import {
  alsoRefuse,
  idInPath,
  jsonBody,
  ownId,
  partOfName,
  platformId,
  wholeNumber,
  workspaceId,
} from "./parameters.ts";
import { permitIn } from "./permit.ts";
import { secretInPath } from "./secret-path.ts";
import { shownInList } from "./secret-list.ts";
import { noteIfShown, notingRefusal } from "./trail.ts";
import { writeDocument, type Written } from "./write.ts";

const MAX_VERSION = 999_999_999;

const tags = ["Secrets"];
const params = z.object({ workspace: workspaceId, id: ownId<SecretId>() });
const inWorkspace = { tags, path: "/v2/workspaces/{workspace}/secrets" } as const;
const one = { tags, path: "/v2/workspaces/{workspace}/secrets/{id}" } as const;
const answer = documentSchema(secretSchema);
/** Codes of routes that take what a secret holds. The first token of some is fetched. */
const OF_CONTENT: ErrorCode[] = [
  ...OF_DOCUMENTS,
  "conflict",
  "client_misconfigured",
  "provider_refused",
  "storage_integrity",
];

const listRoute = createRoute({
  ...inWorkspace,
  method: "get",
  summary: "List secrets",
  description:
    "Each is read from where it lives; one that cannot be read now says so in its `meta`, and the others are there.",
  request: {
    params: z.object({ workspace: workspaceId }),
    query: z.object({
      "filter[user]": platformId<UserId>().optional().openapi({ description: "Those of this user." }),
      "filter[auth_client]": platformId<AuthClientId>()
        .optional()
        .openapi({ description: "Those of this auth client." }),
      "filter[state]": z.enum(["ready", "error"]).optional().openapi({ description: "Those in this state." }),
      "filter[name]": partOfName,
      ...pageQuery,
    }),
  },
  responses: { 200: json("The secrets.", listSchema(secretSchema)), ...failures("invalid_document") },
});

const createSecret = createRoute({
  ...inWorkspace,
  method: "post",
  summary: "Create a secret",
  description:
    "With credentials in hand, or, where nobody has to consent, with a token that is fetched before the answer. To have a person consent, create an authorization.",
  middleware: alsoRefuse(async (sent, c) => {
    const at = await permitIn(c, idInPath(c, "workspace", workspaceId), "workspaces.auth_secret.create");
    c.set("at", at);
    const named = namedClient(sent);
    if (typeof named?.id !== "string" || !PLATFORM_ID.test(named.id)) return newSecretProblems(sent, null);
    c.set("client", await findUsableClient(c, named.id, at, named.pointer));
    return newSecretProblems(sent, c.get("client"));
  }),
  request: { params: z.object({ workspace: workspaceId }), body: jsonBody(newSecretSchema) },
  responses: { 201: json("The secret.", answer), ...failures(...OF_CONTENT) },
});

const readSecret = createRoute({
  ...one,
  method: "get",
  summary: "Read a secret",
  request: { params },
  responses: { 200: json("The secret.", answer), ...failures("storage_integrity") },
});

const changeSecret = createRoute({
  ...one,
  method: "patch",
  summary: "Change a secret",
  description:
    "`credentials` replace the whole grant and start a new version; where nobody has to consent, a token is fetched anew. `state` and `error` are the platform's own report.",
  middleware: alsoRefuse(async (sent, c) => {
    const workspace = idInPath(c, "workspace", workspaceId);
    c.set("at", await permitIn(c, workspace, "workspaces.auth_secret.edit"));
    if (memberAt(sent, ["data", "attributes", "credentials"]) === undefined) return secretChangeProblems(sent, null);
    const kind = await findSecretKind(c.env.DB, workspace, idInPath(c, "id", ownId<SecretId>()));
    if (kind === null) throw nothingThere();
    c.set("kind", kind);
    return secretChangeProblems(sent, kind);
  }),
  request: { params, body: jsonBody(secretChangeSchema) },
  responses: { 200: json("The secret.", answer), ...failures(...OF_CONTENT) },
});

const refreshSecret = createRoute({
  ...one,
  path: `${one.path}/refresh`,
  method: "post",
  summary: "Refresh a secret",
  description: "Joins a refresh that is under way. One within five seconds of the last gets that one's result.",
  request: {
    params,
    query: z.object({
      rejected_version: wholeNumber(0, MAX_VERSION).optional().openapi({
        description: "The API refused the token of this version: the provider is called only if there is no newer one.",
      }),
    }),
  },
  responses: {
    200: json("The renewed secret.", answer),
    ...failures("invalid_document", ...OF_BODIES, "conflict", ...OF_PROVIDERS),
  },
});

const deleteSecret = createRoute({
  ...one,
  method: "delete",
  summary: "Delete a secret",
  request: { params },
  responses: { 204: { description: "It is gone." }, ...failures(...OF_BODIES) },
});

export function addSecretRoutes(app: App): void {
  for (const { component, schema } of CREDENTIALS_COMPONENTS) app.openAPIRegistry.register(component, schema);
  app.openAPIRegistry.register("TokenCredentials", tokenCredentialsSchema);

  app.openapi(listRoute, async (c) => {
    const { workspace } = c.req.valid("param");
    const query = c.req.valid("query");
    const at = await permitIn(c, workspace, "workspaces.auth_secret.get");
    const page = pageOf(query);
    const filters = {
      user: query["filter[user]"],
      authClient: query["filter[auth_client]"],
      state: query["filter[state]"],
      name: query["filter[name]"],
    };
    const found = await listSecrets(c.env.DB, workspace, filters, page);
    return writeList(c, found, page, await shownInList(c, at, found.items));
  });

  app.openapi(createSecret, async (c) => {
    const { workspace } = c.req.valid("param");
    const { attributes, relationships } = c.req.valid("json").data;
    const client = c.get("client");
    const fields = memberAt(attributes.credentials, ["fields"]) as Record<string, unknown> | null | undefined;
    await requireHostFields(c, client, fields, "/data/attributes/credentials/fields");
    const id = crypto.randomUUID() as SecretId;
    const created = secretStub(c.env, workspace, id).create({
      ...askOf(c),
      id,
      workspaceId: workspace,
      seen: seenAround(c.get("at")),
      userId: relationships.user?.data.id ?? null,
      name: attributes.name,
      client,
      content: contentOf(client, attributes.credentials),
      reported: reportIn(attributes) ?? null,
    });
    const secret = await notingRefusal(c, "secret.created", c.get("at"), id, created);
    return writeSecret(c, c.get("at"), 201, secret);
  });

  app.openAPIRegistry.registerPath(readSecret);
  app.get("/v2/workspaces/:workspace/secrets/:id", async (c) => {
    const { at, stub } = await lead(c, secretInPath(c), "workspaces.auth_secret.get");
    const secret = await stub.read({ ...askOf(c), minTtlSeconds: 0, requireToken: false });
    const headers = { "Cache-Control": "no-store", "x-request-id": c.get("requestId") };
    const written = writeSecret(c, at, 200, secret, headers);
    c.set("source", "origin");
    return written;
  });

  app.openapi(changeSecret, async (c) => {
    const { workspace, id } = c.req.valid("param");
    const { data } = c.req.valid("json");
    const otherId = otherIdProblems(data.id, id);
    if (otherId.length > 0) throw new ServiceError("conflict", otherId);
    const { name, credentials } = data.attributes;
    const changed = secretStub(c.env, workspace, id).change({
      ...askOf(c),
      name,
      content: credentials === undefined ? undefined : contentOf(c.get("kind"), credentials),
      reported: reportIn(data.attributes),
    });
    const secret = await notingRefusal(c, "secret.changed", c.get("at"), id, changed);
    return writeSecret(c, c.get("at"), 200, secret);
  });

  app.openapi(refreshSecret, async (c) => {
    const rejectedVersion = c.req.valid("query").rejected_version ?? null;
    const { at, stub } = await lead(c, c.req.valid("param"), "workspaces.auth_secret.refresh");
    return writeSecret(c, at, 200, await stub.refresh({ ...askOf(c), rejectedVersion }));
  });

  app.openapi(deleteSecret, async (c) => {
    const { stub } = await lead(c, c.req.valid("param"), "workspaces.auth_secret.delete");
    await stub.erase(askOf(c));
    return c.body(null, 204);
  });
}

/** Leads to a secret's actor when the caller may do this in its workspace. */
async function lead(
  c: Context,
  { workspace, id }: z.infer<typeof params>,
  permission: Permission,
): Promise<{ at: Lineage; stub: SecretStub }> {
  const at = await permitIn(c, workspace, permission);
  return { at, stub: secretStub(c.env, workspace, id) };
}

function writeSecret(
  c: Context,
  at: Lineage,
  status: 200 | 201,
  secret: SecretView,
  headers?: Record<string, string>,
): Written {
  const showCredentials = noteIfShown(c, at, secret);
  return writeDocument(status, document(secretResource(secret, showCredentials, Date.now())), headers);
}
