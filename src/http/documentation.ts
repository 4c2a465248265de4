/** What this API is, for programs (`/openapi.json`) and for people (`/docs`). Both are made of the routes themselves. */

import { NONCE, secureHeaders } from "hono/secure-headers";
import type { App } from "./context.ts";
import { docsPage } from "./docs-page.ts";
import type { OpenApiDocument } from "./docs-schema.ts";

/** The version of package.json; a test holds them together. */
export const VERSION = "0.1.0";

const DESCRIPTION = `Holds OAuth 2.0 grants and keeps their access tokens fresh, for everything that runs integrations.

Requests and answers are JSON:API documents; \`application/json\` and \`application/vnd.api+json\` are both taken. \
A request that is not valid is answered with all of its faults at once, each with a pointer to the place.`;

const BASIC = "An email as the user, an API key as the password. The email is not looked at.";
const BEARER = "An API key or a JWT.";
/** Either way of authentication is enough. */
const SECURITY = [{ basic: [] }, { bearer: [] }];

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

  let remembered: OpenApiDocument | undefined;
  const openapi = () => (remembered ??= describe(app));

  app.get("/openapi.json", (c) => c.json(openapi(), 200, { "Cache-Control": "public, max-age=300" }));

  app.use(
    "/docs",
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        styleSrc: [NONCE],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: "no-referrer",
      xFrameOptions: "DENY",
    }),
  );
  app.get("/docs", (c) => {
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
  });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (path.startsWith("/v2/")) continue;
    for (const method of ["get", "post", "put", "patch", "delete"] as const) {
      const operation = item[method];
      if (operation !== undefined) operation.security ??= [];
    }
  }
  return document;
}
