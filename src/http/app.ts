/** The router: what every request goes through, in which order, and where each route is. */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { ServiceError, toServiceError } from "../errors.ts";
import { addApiKeyRoutes } from "./api-keys.ts";
import { addAuthClientRoutes } from "./auth-clients.ts";
import { addAuthorizationRoutes } from "./authorizations.ts";
import { addConsentRoutes } from "./consent.ts";
import { addConsoleRoutes } from "./console-route.ts";
import type { App, AppEnv, Context, Handler, Outside } from "./context.ts";
import { addDiagnosisRoute } from "./diagnosis.ts";
import { addDocumentationRoutes } from "./documentation.ts";
import { addEventRoutes } from "./events.ts";
import { addHealthRoute } from "./health.ts";
import { addHistoryRoute } from "./history.ts";
import { addLookRoute } from "./look-route.ts";
import { addMaintenanceRoutes } from "./maintenance.ts";
import { authenticated, identifying, onlyLocalWhereLoopbackIsAllowed } from "./entrance.ts";
import { changesNothing } from "./isolate-memory.ts";
import { refuseInvalid } from "./parameters.ts";
import { addProviderRoutes } from "./providers.ts";
import { requestLine } from "./request-line.ts";
import { addSecretRoutes } from "./secrets.ts";
import { addKeySetRoute, addSigningKeyRoutes } from "./key-routes.ts";
import { addTenancyRoutes } from "./tenancy.ts";
import { addTokenRoute } from "./token-route.ts";
import { writeError } from "./write.ts";

const MAX_BODY_BYTES = 256 * 1024;
const JSON_MEDIA_TYPE = /^application\/(vnd\.api\+)?json[ \t]*(;|$)/i;

/** Makes the router. A slash at the end of a path makes no difference. */
export function createApp(outside: Outside): App {
  const app: App = new OpenAPIHono<AppEnv>({ defaultHook: refuseInvalid, strict: false });

  app.use(requestLine, onlyLocalWhereLoopbackIsAllowed);
  // Providers fetch them, who have no key of ours.
  addKeySetRoute(app);
  const identify = identifying(outside);
  app.use("/v2/*", authenticated(identify), onlyJson);
  addHealthRoute(app);
  addAuthClientRoutes(app, outside);
  addSigningKeyRoutes(app, outside);
  addDiagnosisRoute(app, outside);
  addProviderRoutes(app);
  addSecretRoutes(app);
  addHistoryRoute(app);
  addTokenRoute(app);
  addTenancyRoutes(app);
  addApiKeyRoutes(app);
  addAuthorizationRoutes(app);
  addConsentRoutes(app);
  addEventRoutes(app);
  addMaintenanceRoutes(app);
  addDocumentationRoutes(app);
  addLookRoute(app);
  addConsoleRoutes(app, identify);

  app.notFound((c) => writeError(c, new ServiceError("not_found", "There is no such route.")));
  app.onError((error, c) => writeError(c, serviceErrorOf(error)));
  return app;
}

/** Refuses bodies that are too large, or of another kind. What changes nothing has none. */
const onlyJson: Handler = (c, next) => (changesNothing(c) ? next() : limited(c, () => asJson(c, next)));

const limited = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLargeBody });

/** Refuses bodies of another kind (RFC 9110 15.5.16). A request without content may leave the header out. */
async function asJson(c: Context, next: Next): Promise<void> {
  const body = c.req.raw.body === null ? null : await c.req.arrayBuffer();
  if (body === null || body.byteLength === 0) return await next();
  const mediaType = c.req.header("Content-Type") ?? "";
  if (!JSON_MEDIA_TYPE.test(mediaType)) {
    throw otherMediaType();
  }
  // The validators know fewer spellings of a media type than there are.
  if (mediaType !== "application/json") {
    const headers = new Headers(c.req.raw.headers);
    headers.set("Content-Type", "application/json");
    c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body });
  }
  await next();
}

function refuseLargeBody(): never {
  throw new ServiceError("payload_too_large", `A body may hold at most ${MAX_BODY_BYTES / 1024} KiB.`);
}

function serviceErrorOf(error: unknown): ServiceError {
  if (error instanceof HTTPException && error.status === 400) {
    return new ServiceError("invalid_document", [{ detail: "The body is not valid JSON.", pointer: "" }]);
  }
  // The validators find no document in an empty body of another kind.
  if (error instanceof HTTPException && error.status === 415) return otherMediaType();
  return toServiceError(error);
}

function otherMediaType(): ServiceError {
  return new ServiceError("unsupported_media_type", "Send application/json or application/vnd.api+json.");
}
