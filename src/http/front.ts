/**
 * The first door. Plain token reads are answered here, with next to nothing loaded; all else goes to the router, which is made when it is first
 * needed: an isolate in which only tokens are read, or only actors live, never makes a schema.
 */

import { Hono } from "hono";
import { refuseForeignHost, settingsOf } from "../bindings.ts";
import { toServiceError } from "../errors.ts";
import type { AppEnv, Outside } from "./context.ts";
import { identifying, spendRead } from "./entrance.ts";
import { inRequestLine } from "./request-line.ts";
import { answerTokenRead, TOKEN_PATH } from "./token.ts";
import { writeError } from "./write.ts";

type Fetch = Hono<AppEnv>["fetch"];

/** With a query, or a slash at its end, it is for the router. */
const PLAIN_TOKEN_READ = /^https?:\/\/[^/?]+\/v2\/workspaces\/[^/?]+\/secrets\/[^/?]+\/token$/;

/** Makes the door. What `loadRouter` gives is called once. */
export function createFront(outside: Pick<Outside, "fetchJwks">, loadRouter: () => Promise<() => Fetch>): Fetch {
  const identify = identifying(outside);
  const tokenReads = new Hono<AppEnv>();
  // One handler and nothing beside it: each that Hono has to go through costs every read something.
  tokenReads.get(TOKEN_PATH, (c) =>
    inRequestLine(c, async () => {
      try {
        refuseForeignHost(settingsOf(c.env), c.req.url);
        c.set("principal", await identify(c, c.req.header("Authorization")));
        spendRead(c);
        return await answerTokenRead(c, 0);
      } catch (error) {
        return writeError(c, toServiceError(error));
      }
    }),
  );

  let router: Fetch | undefined;
  // Each request waits for the loading itself: none may wait for another's promise.
  const load = async (): Promise<Fetch> => {
    const makeRouter = await loadRouter();
    return (router ??= makeRouter());
  };
  return (request, env, context) => {
    if (isPlainTokenRead(request)) return tokenReads.fetch(request, env, context);
    if (router !== undefined) return router(request, env, context);
    return load().then((loaded) => loaded(request, env, context));
  };
}

function isPlainTokenRead({ method, url }: Request): boolean {
  return method === "GET" && url.endsWith("/token") && PLAIN_TOKEN_READ.test(url);
}
