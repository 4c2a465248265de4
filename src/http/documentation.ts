/** What this API is, for programs (`/openapi.json`) and for people (`/docs`). Both are made of the routes themselves. */

import { createRoute, z } from "@hono/zod-openapi";
import { json, page, publicFailures, REQUEST_ID } from "./answers.ts";
import type { App } from "./context.ts";
import { docsPage } from "./docs/page.ts";
import type { OpenApiDocument } from "./docs/schema.ts";
import { pageHeaders } from "./page-headers.ts";
import { writeDocument } from "./write.ts";

/** The version of package.json; a test holds them together. */
export const VERSION = "0.1.0";

const DESCRIPTION = `Holds OAuth 2.0 grants and keeps their access tokens fresh, for everything that runs integrations.

Requests and answers are JSON:API documents; \`application/json\` and \`application/vnd.api+json\` are both taken. \
A request that is not valid is answered with all of its faults at once, each with a pointer to the place.

What belongs to another workspace, contract or tenant does not exist for the caller: 404. What lies \
around their own does, but is not theirs to ask about: 403.

A request may bring its own \`x-request-id\`, of at most 200 visible characters.`;

const BASIC =
  "An email as the user, an API key as the password. A key that has an email needs that one; with another key any will do.";
const BEARER = "An API key or a JWT.";
/** Either way of authentication is enough. */
const SECURITY = [{ basic: [] }, { bearer: [] }];
const METHODS = ["get", "post", "put", "patch", "delete", "head"] as const;

/** What the routes are grouped by, in this order. */
const TAGS = [
  {
    name: "Auth clients",
    description: "Registrations of apps at providers, who may use them, and the providers that are known.",
  },
  { name: "Consent", description: "How a person lets an app in: the flow, and the pages that they see on the way." },
  { name: "Secrets", description: "What people connected, and the token that a step reads." },
  { name: "Tenancy", description: "Tenants hold contracts, and contracts hold workspaces." },
  { name: "API keys", description: "Who may do what, and where." },
  { name: "Events", description: "Who did what in a workspace, and what came of it." },
  { name: "Maintenance", description: "Whether the service does what it is there for." },
  { name: "Service", description: "The service itself." },
];

const readDocument = createRoute({
  tags: ["Service"],
  security: [],
  method: "get",
  path: "/openapi.json",
  summary: "Read the API's description",
  responses: { 200: json("This document.", z.record(z.string(), z.unknown())), ...publicFailures() },
});

const readDocs = createRoute({
  tags: ["Service"],
  security: [],
  method: "get",
  path: "/docs",
  summary: "Read the API's documentation",
  responses: { 200: page("This page."), ...publicFailures() },
});

/** Adds `GET /openapi.json` and `GET /docs`. They describe every route of the router, also those that are added later. */
export function addDocumentationRoutes(app: App): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "basic", {
    type: "http",
    scheme: "basic",
    description: BASIC,
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "API key or JWT",
    description: BEARER,
  });
  app.openAPIRegistry.registerComponent("headers", "RequestId", REQUEST_ID);

  let remembered: OpenApiDocument | undefined;
  const openapi = () => (remembered ??= describe(app));

  app.openapi(readDocument, () => writeDocument(200, openapi(), { "Cache-Control": "public, max-age=300" }));

  app.use("/docs", pageHeaders);
  app.openapi(readDocs, (c) => {
    // A nonce is for one answer only.
    c.header("Cache-Control", "no-store");
    return c.html(docsPage(openapi(), c.get("secureHeadersNonce") ?? ""));
  });
}

function describe(app: App): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Edge Secrets", version: VERSION, description: DESCRIPTION },
    security: SECURITY,
    tags: TAGS,
  });
  for (const item of Object.values(document.paths ?? {})) {
    for (const response of METHODS.flatMap((method) => Object.values(item[method]?.responses ?? {}))) {
      const { headers } = response as { headers?: object };
      Object.assign(response, { headers: { ...headers, "x-request-id": { $ref: "#/components/headers/RequestId" } } });
    }
  }
  return document;
}
