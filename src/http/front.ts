/**
 * The first door. Plain token reads are answered here, with next to nothing loaded; all else goes to the router, which is made when it is first
 * needed: an isolate in which only tokens are read, or only actors live, never makes a schema.
 */

import { Hono } from "hono";
import { toServiceError } from "../errors.ts";
import type { AppEnv, Outside } from "./context.ts";
import { authenticated, onlyLocalWhereLoopbackIsAllowed } from "./entrance.ts";
import { requestLine } from "./request-line.ts";
import { answerTokenRead, TOKEN_PATH } from "./token.ts";
import { writeError } from "./write.ts";

type Fetch = Hono<AppEnv>["fetch"];

/** With a query, or a slash at its end, it is for the router. */
const PLAIN_TOKEN_READ = /^https?:\/\/[^/?]+\/v2\/workspaces\/[^/?]+\/secrets\/[^/?]+\/token$/;

/** Makes the door. `makeRouter` is asked once. */
export function createFront(outside: Pick<Outside, "fetchJwks">, loadRouter: () => Promise<() => Fetch>): Fetch {
  const tokenReads = new Hono<AppEnv>();
  tokenReads.use(requestLine, onlyLocalWhereLoopbackIsAllowed, authenticated(outside));
  tokenReads.get(TOKEN_PATH, (c) => answerTokenRead(c, 0));
  tokenReads.onError((error, c) => writeError(c, toServiceError(error)));

  let router: Fetch | undefined;
  return async (request, env, context) => {
    if (isPlainTokenRead(request)) return await tokenReads.fetch(request, env, context);
    // Each request waits for the loading itself: none may wait for another's promise.
    if (router === undefined) {
      const makeRouter = await loadRouter();
      router ??= makeRouter();
    }
    return await router(request, env, context);
  };
}

function isPlainTokenRead({ method, url }: Request): boolean {
  return method === "GET" && url.endsWith("/token") && PLAIN_TOKEN_READ.test(url);
}
