/** `/v2/workspaces/{ws}/authorizations`: consent flows, as the platform starts and follows them. The person's part is in `consent`. */

import { createRoute, z } from "@hono/zod-openapi";
import { publicUrlFor, settingsOf } from "../bindings.ts";
import { hasTokens, isFetched } from "../domain/auth-client.ts";
import { digest } from "../domain/digest.ts";
import { type AuthorizationId, OWN_ID, type SecretId } from "../domain/ids.ts";
import { ServiceError } from "../errors.ts";
import {
  authorizationResource,
  authorizationSchema,
  newAuthorizationSchema,
  newAuthorizationProblems,
  type Returning,
} from "../jsonapi/authorization.ts";
import { document, documentSchema } from "../jsonapi/document.ts";
import { secretStub } from "../secret-actor/stub.ts";
import { findAuthorization, insertAuthorization } from "../store/authorizations.ts";
import { seenAround } from "../store/places.ts";
import { failures, json, OF_DOCUMENTS } from "./answers.ts";
import { askOf } from "./ask.ts";
import { findUsableClient } from "./auth-clients.ts";
import type { App, Context } from "./context.ts";
import { requireHostFields } from "./host-fields.ts";
import { alsoRefuse, jsonBody, ownId, workspaceId } from "./parameters.ts";
import { permitIn } from "./permit.ts";
import { writeDocument } from "./write.ts";

const tags = ["Consent"];
const answer = documentSchema(authorizationSchema);
const POINTER_TO_CLIENT = "/data/relationships/auth_client/data/id";
const FLOW_LIFETIME_MS = 10 * 60 * 1000;
/** How long the way to an ended flow is kept. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
const CONNECT_TOKEN_BYTES = 32;

const createAuthorization = createRoute({
  tags,
  method: "post",
  path: "/v2/workspaces/{workspace}/authorizations",
  summary: "Ask for a person's consent",
  description: "Send the person to `connect_url`. With the relationship `secret` it renews that secret's consent.",
  middleware: alsoRefuse((sent, c) => newAuthorizationProblems(sent, returningOf(c))),
  request: { params: z.object({ workspace: workspaceId }), body: jsonBody(newAuthorizationSchema) },
  responses: {
    201: json("The consent flow, and the URL to open.", answer),
    ...failures(...OF_DOCUMENTS, "conflict", "storage_integrity"),
  },
});

const readAuthorization = createRoute({
  tags,
  method: "get",
  path: "/v2/workspaces/{workspace}/authorizations/{id}",
  summary: "Read a consent flow",
  request: { params: z.object({ workspace: workspaceId, id: ownId<AuthorizationId>() }) },
  responses: { 200: json("The consent flow.", answer), ...failures() },
});

export function addAuthorizationRoutes(app: App): void {
  app.openapi(createAuthorization, async (c) => {
    const { workspace } = c.req.valid("param");
    const { attributes, relationships } = c.req.valid("json").data;
    const renewed = relationships.secret?.data.id;
    const permission = renewed === undefined ? "workspaces.auth_secret.create" : "workspaces.auth_secret.edit";
    const at = await permitIn(c, workspace, permission);
    const settings = settingsOf(c.env);
    const publicUrl = publicUrlFor(settings, c.req.url);
    const client = await findUsableClient(c, relationships.auth_client.data.id, at, POINTER_TO_CLIENT);
    if (!hasTokens(client.type)) throw noConsent(`type "${client.type}"`);
    if (isFetched(client)) throw noConsent(`grant type "${client.grantType}"`);
    if (renewed !== undefined && !OWN_ID.test(renewed)) throw noSuchSecret();
    // A secret that is renewed has its own.
    if (renewed === undefined || attributes.fields !== undefined) {
      await requireHostFields(c, client, attributes.fields, "/data/attributes/fields");
    }

    const secretId = renewed ?? (crypto.randomUUID() as SecretId);
    const connectToken = randomToken();
    const expiresAt = Date.now() + FLOW_LIFETIME_MS;
    const stub = secretStub(c.env, workspace, secretId);
    const starting = stub.authorize({
      ...askOf(c),
      id: crypto.randomUUID() as AuthorizationId,
      secretId,
      workspaceId: workspace,
      seen: seenAround(at),
      authClientId: client.id,
      userId: relationships.user?.data.id ?? null,
      renews: renewed !== undefined,
      allowAccountChange: attributes.allow_account_change,
      name: attributes.name ?? null,
      scopes: attributes.scopes,
      additionalParams: attributes.additional_params ?? null,
      fields: attributes.fields ?? null,
      returnUrl: attributes.return_url ?? null,
      expiresAt,
    });
    const flow = await starting.catch((error: unknown) => {
      throw isMissing(error) ? noSuchSecret() : error;
    });
    const route = { id: flow.id, workspaceId: workspace, secretId, authClientId: client.id, expiresAt };
    try {
      await insertAuthorization(c.env.DB, route, at, await digest(connectToken), Date.now() - REMEMBERED_MS);
    } catch (error) {
      // Nothing leads to a new actor then, not even the deletion of its workspace.
      if (renewed === undefined) await stub.clear({ requestId: c.get("requestId") });
      throw error;
    }
    return writeDocument(201, document(authorizationResource(flow, `${publicUrl}/connect/${connectToken}`)));
  });

  app.openapi(readAuthorization, async (c) => {
    const { workspace, id } = c.req.valid("param");
    await permitIn(c, workspace, "workspaces.auth_secret.get");
    const route = await findAuthorization(c.env.DB, id);
    if (route?.workspaceId !== workspace) throw new ServiceError("not_found", "There is no such authorization.");
    const flow = await secretStub(c.env, workspace, route.secretId).readAuthorization({
      requestId: c.get("requestId"),
      id,
    });
    return writeDocument(200, document(authorizationResource(flow)));
  });
}

function returningOf(c: Context): Returning {
  const settings = settingsOf(c.env);
  return { origins: settings.returnOrigins, ownOrigin: publicUrlFor(settings, c.req.url) };
}

function noConsent(kind: string): ServiceError {
  return new ServiceError("conflict", [
    {
      detail: `Nobody consents for the ${kind}: create the secret.`,
      pointer: "/data/relationships/auth_client",
    },
  ]);
}

function isMissing(error: unknown): boolean {
  return error instanceof ServiceError && error.failure.code === "not_found";
}

function noSuchSecret(): ServiceError {
  return new ServiceError("not_found", [
    { detail: "There is no such secret.", pointer: "/data/relationships/secret/data/id" },
  ]);
}

function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(CONNECT_TOKEN_BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
