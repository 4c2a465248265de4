/**
 * `GET /v2/workspaces/{ws}/secrets/{id}/token`: what every step asks before every call. No schema stands between the request and its
 * answer, because a validator costs more than all else here together.
 */

import { createRoute, z } from "@hono/zod-openapi";
import type { SecretId } from "../domain/ids.ts";
import { tokenDocument, tokenSchema } from "../jsonapi/token.ts";
import { readToken } from "../secret-actor/token-read.ts";
import { failures, json, OF_PROVIDERS, OF_TOKENS } from "./answers.ts";
import type { App, Context } from "./context.ts";
import { ownId, queryIn, secretInPath, wholeNumber, workspaceId } from "./parameters.ts";
import { permitIn } from "./permit.ts";
import { writeDocument } from "./write.ts";

const MAX_MIN_TTL_SECONDS = 3600;
/** The directive of RFC 9111 5.2.1.4. */
const NO_CACHE = /(^|,)[ \t]*no-cache[ \t]*(,|$)/i;

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
  app.get("/v2/workspaces/:workspace/secrets/:id/token", async (c) => {
    const { workspace, id } = secretInPath(c);
    const minTtlSeconds = c.req.url.includes("?") ? queryIn(c, query).min_ttl : 0;
    await permitIn(c, workspace, "workspaces.auth_secret.get_credentials");
    const { token, from } = await readToken(c.env, {
      workspace,
      id,
      requestId: c.get("requestId"),
      minTtlSeconds,
      skipsCopies: NO_CACHE.test(c.req.header("Cache-Control") ?? ""),
      keepAlive: (work) => c.executionCtx.waitUntil(work),
    });
    const headers = {
      "Cache-Control": "no-store",
      "x-request-id": c.get("requestId"),
      ETag: `"${token.version}"`,
      "Server-Timing": from,
    };
    const answer = knows(c, token.version)
      ? new Response(null, { status: 304, headers })
      : writeDocument(200, tokenDocument(token, Date.now(), minTtlSeconds), headers);
    c.set("source", from);
    return answer;
  });
}

/** Decides whether `If-None-Match` names this version (RFC 9110 13.1.2). */
function knows(c: Context, version: number): boolean {
  const tags = c.req.header("If-None-Match");
  if (tags === undefined) return false;
  return tags.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === `"${version}"`);
}
