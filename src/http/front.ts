/**
 * The first door. Plain token reads are answered here, with next to nothing loaded; all else goes to the router, which is made when it is first
 * needed: an isolate in which only tokens are read, or only actors live, never makes a schema.
 */

import { Context } from "hono";
import { type Env, refuseForeignHost, settingsOf } from "../bindings.ts";
import { toServiceError } from "../errors.ts";
import type { AppEnv, Outside } from "./context.ts";
import { identifying, spendRead } from "./entrance.ts";
import { inRequestLine } from "./request-line.ts";
import { answerTokenRead, TOKEN_PATH } from "./token.ts";
import { writeError } from "./write.ts";

type Fetch = (request: Request, env: Env, executionCtx: ExecutionContext) => Response | Promise<Response>;

/** With a query, or a slash at its end, it is for the router. */
const PLAIN_TOKEN_READ = /^https?:\/\/[^/?]+\/v2\/workspaces\/([^/?]+)\/secrets\/([^/?]+)\/token$/;
/** The route in the shape in which a router of Hono finds it. There is no choice to be made, and making it costs a read more than who asks. */
const ROUTE = { path: TOKEN_PATH, basePath: "", method: "GET", handler: () => undefined };

/** Makes the door. What `loadRouter` gives is called once. */
export function createFront(outside: Pick<Outside, "fetchJwks">, loadRouter: () => Promise<() => Fetch>): Fetch {
  const identify = identifying(outside);
  const answerOrRefuse = async (c: Context<AppEnv>): Promise<Response> => {
    try {
      refuseForeignHost(settingsOf(c.env), c.req.url);
      c.set("principal", await identify(c, c.req.header("Authorization")));
      spendRead(c);
      return await answerTokenRead(c, 0);
    } catch (error) {
      return writeError(c, toServiceError(error));
    }
  };

  let router: Fetch | undefined;
  // Each request waits for the loading itself: none may wait for another's promise.
  const load = async (): Promise<Fetch> => {
    const makeRouter = await loadRouter();
    return (router ??= makeRouter());
  };
  return (request, env, executionCtx) => {
    const read = plainTokenRead(request);
    if (read !== null) {
      const c = new Context<AppEnv>(request, {
        env,
        executionCtx,
        path: request.url.slice(request.url.indexOf("/", "https://".length)),
        matchResult: [[[[ROUTE.handler, ROUTE], read]]],
      });
      return inRequestLine(c, () => answerOrRefuse(c));
    }
    if (router !== undefined) return router(request, env, executionCtx);
    return load().then((loaded) => loaded(request, env, executionCtx));
  };
}

/** Reads what a plain token read asks for; null: it is none. */
function plainTokenRead({ method, url }: Request): { workspace: string; id: string } | null {
  if (method !== "GET" || !url.endsWith("/token")) return null;
  const [, workspace, id] = PLAIN_TOKEN_READ.exec(url) ?? [];
  return workspace === undefined || id === undefined ? null : { workspace, id };
}
