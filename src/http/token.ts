/**
 * `GET /v2/workspaces/{ws}/secrets/{id}/token`: what every step asks before every call. No schema stands between the request and its
 * answer, because a validator costs more than all else here together.
 */

import { tokenDocument } from "../jsonapi/token.ts";
import { readToken } from "../secret-actor/token-read.ts";
import { askOf } from "./ask.ts";
import type { Context } from "./context.ts";
import { permitIn } from "./permit.ts";
import { secretInPath } from "./secret-path.ts";
import { noteRead } from "./trail.ts";
import { writeDocument } from "./write.ts";

export const TOKEN_PATH = "/v2/workspaces/:workspace/secrets/:id/token";

/** The directive of RFC 9111 5.2.1.4. */
const NO_CACHE = /(^|,)[ \t]*no-cache[ \t]*(,|$)/i;

/**
 * Answers with a token that has this many seconds left, if the provider can give that.
 * @throws {ServiceError} `not_found`, `forbidden`, `reauthorization_required`, `client_misconfigured`, `provider_refused`, `provider_unreachable`,
 * `storage_integrity`
 */
export async function answerTokenRead(c: Context, minTtlSeconds: number): Promise<Response> {
  const { workspace, id } = secretInPath(c);
  const at = await permitIn(c, workspace, "workspaces.auth_secret.get_credentials");
  const { token, from } = await readToken(c.env, {
    workspace,
    id,
    ...askOf(c),
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
  const isKnown = knows(c, token.version);
  const answer = isKnown
    ? new Response(null, { status: 304, headers })
    : writeDocument(200, tokenDocument(token, Date.now(), minTtlSeconds), headers);
  if (!isKnown) noteRead(c, at, id, token.version);
  c.set("source", from);
  return answer;
}

/** Decides whether `If-None-Match` names this version (RFC 9110 13.1.2). */
function knows(c: Context, version: number): boolean {
  const tags = c.req.header("If-None-Match");
  if (tags === undefined) return false;
  return tags.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === `"${version}"`);
}
