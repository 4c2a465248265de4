/** `/v2/workspaces/{ws}/secrets`: grants, and the token that a step reads. */

import { createRoute, z } from "@hono/zod-openapi";
import type { SecretId } from "../domain/ids.ts";
import { holds, type Permission } from "../domain/permissions.ts";
import type { SecretView } from "../domain/secret.ts";
import { newSecretSchema, secretResource, tokenDocument } from "../jsonapi/auth-secret.ts";
import { document } from "../jsonapi/document.ts";
import { secretStub, type SecretStub } from "../secret-actor/stub.ts";
import { findUsableClient } from "./auth-clients.ts";
import type { App, Context } from "./context.ts";
import { jsonBody, ownId, workspaceId } from "./parameters.ts";
import { permitIn } from "./permit.ts";
import { writeDocument } from "./write.ts";

const MAX_MIN_TTL_SECONDS = 3600;

const params = z.object({ workspace: workspaceId, id: ownId<SecretId>() });
const path = "/v2/workspaces/{workspace}/secrets/{id}";
const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, { error: "must be a whole number" })
  .transform(Number);

const createSecret = createRoute({
  method: "post",
  path: "/v2/workspaces/{workspace}/secrets",
  request: { params: z.object({ workspace: workspaceId }), body: jsonBody(newSecretSchema) },
  responses: { 201: { description: "The secret." } },
});

const readSecret = createRoute({
  method: "get",
  path,
  request: { params },
  responses: { 200: { description: "The secret." } },
});

const readToken = createRoute({
  method: "get",
  path: `${path}/token`,
  request: { params, query: z.object({ min_ttl: wholeNumber.pipe(z.number().max(MAX_MIN_TTL_SECONDS)).default(0) }) },
  responses: { 200: { description: "A valid token." }, 304: { description: "The version you have is current." } },
});

const refreshSecret = createRoute({
  method: "post",
  path: `${path}/refresh`,
  request: { params, query: z.object({ rejected_version: wholeNumber.optional() }) },
  responses: { 200: { description: "The renewed secret." } },
});

const deleteSecret = createRoute({
  method: "delete",
  path,
  request: { params },
  responses: { 204: { description: "It is gone." } },
});

export function addSecretRoutes(app: App): void {
  app.openapi(createSecret, async (c) => {
    const { workspace } = c.req.valid("param");
    const { attributes, relationships } = c.req.valid("json").data;
    const { credentials } = attributes;
    permitIn(c, workspace, "workspaces.auth_secret.create");
    const client = await findUsableClient(c, relationships.auth_client.data.id, workspace);

    const id = crypto.randomUUID() as SecretId;
    const secret = await secretStub(c.env, workspace, id).create({
      requestId: c.get("requestId"),
      id,
      workspaceId: workspace,
      userId: relationships.user?.data.id ?? null,
      name: attributes.name,
      client,
      accessToken: credentials.access_token,
      tokenType: credentials.token_type,
      refreshToken: credentials.refresh_token ?? null,
      scope: credentials.scope ?? null,
      expiresIn: credentials.expires_in ?? null,
      expiresAt: credentials.expires_at === undefined ? null : Date.parse(credentials.expires_at),
      additionalParams: credentials.additional_params ?? null,
      fields: credentials.fields ?? null,
    });
    return writeSecret(c, 201, secret);
  });

  app.openapi(readSecret, async (c) => {
    const stub = reach(c, c.req.valid("param"), "workspaces.auth_secret.get");
    return writeSecret(
      c,
      200,
      await stub.read({ requestId: c.get("requestId"), minTtlSeconds: 0, requireToken: false }),
    );
  });

  app.openapi(readToken, async (c) => {
    const minTtlSeconds = c.req.valid("query").min_ttl;
    const stub = reach(c, c.req.valid("param"), "workspaces.auth_secret.get_credentials");
    const secret = await stub.read({ requestId: c.get("requestId"), minTtlSeconds, requireToken: true });
    const headers = { ETag: `"${secret.version}"`, "Server-Timing": "origin" };
    if (knows(c.req.header("If-None-Match"), secret.version)) return c.body(null, 304, headers);
    return writeDocument(c, 200, tokenDocument(secret, Date.now(), minTtlSeconds), headers);
  });

  app.openapi(refreshSecret, async (c) => {
    const rejectedVersion = c.req.valid("query").rejected_version ?? null;
    const stub = reach(c, c.req.valid("param"), "workspaces.auth_secret.refresh");
    return writeSecret(c, 200, await stub.refresh({ requestId: c.get("requestId"), rejectedVersion }));
  });

  app.openapi(deleteSecret, async (c) => {
    const stub = reach(c, c.req.valid("param"), "workspaces.auth_secret.delete");
    await stub.erase({ requestId: c.get("requestId") });
    return c.body(null, 204);
  });
}

/** Leads to a secret's actor when the caller may do this in its workspace. */
function reach(c: Context, { workspace, id }: z.infer<typeof params>, permission: Permission): SecretStub {
  permitIn(c, workspace, permission);
  return secretStub(c.env, workspace, id);
}

function writeSecret(c: Context, status: 200 | 201, secret: SecretView): Response {
  const showCredentials = holds(c.get("principal"), "workspaces.auth_secret.get_credentials");
  return writeDocument(c, status, document(secretResource(secret, showCredentials, Date.now())));
}

/** Decides whether `If-None-Match` names this version (RFC 9110 13.1.2). */
function knows(ifNoneMatch: string | undefined, version: number): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === `"${version}"`);
}
