/** How `GET …/token` is described, and where it stands among the other routes. `front` answers the plain ones before they come here. */

import { createRoute, z } from "@hono/zod-openapi";
import type { SecretId } from "../domain/ids.ts";
import { tokenSchema } from "../jsonapi/token-schema.ts";
import { failures, json, OF_PROVIDERS, OF_TOKENS } from "./answers.ts";
import type { App } from "./context.ts";
import { ownId, queryIn, wholeNumber, workspaceId } from "./parameters.ts";
import { answerTokenRead, TOKEN_PATH } from "./token.ts";

const MAX_MIN_TTL_SECONDS = 3600;

const query = z.object({
  min_ttl: wholeNumber(0, MAX_MIN_TTL_SECONDS)
    .default(0)
    .openapi({ description: "How many seconds must be left. A token that has less is renewed first." }),
});

const route = createRoute({
  tags: ["Secrets"],
  path: "/v2/workspaces/{workspace}/secrets/{id}/token",
  method: "get",
  summary: "Read a token",
  description:
    "What a step puts on its request: valid, and renewed first where that is needed. It may come from a copy that is some seconds old.",
  request: {
    params: z.object({ workspace: workspaceId, id: ownId<SecretId>() }),
    query,
    headers: z.object({
      "if-none-match": z
        .string()
        .optional()
        .openapi({ description: "The `ETag` of the version at hand (RFC 9110 13.1.2)." }),
      "cache-control": z
        .string()
        .optional()
        .openapi({ description: "`no-cache`: no copy will do, however new (RFC 9111 5.2.1.4)." }),
    }),
  },
  responses: {
    200: { ...json("A valid token.", tokenSchema), headers: OF_TOKENS },
    304: { description: "The version you have is current.", headers: OF_TOKENS },
    ...failures("invalid_document", ...OF_PROVIDERS),
  },
});

export function addTokenRoute(app: App): void {
  app.openAPIRegistry.registerPath(route);
  app.get(TOKEN_PATH, (c) => answerTokenRead(c, queryIn(c, query).min_ttl));
}
