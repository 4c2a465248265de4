/** What stands before every route that is not for everybody: where the request came to, and who asks. */

import { verifyJwt } from "../auth/jwt.ts";
import { refuseForeignHost, settingsOf } from "../bindings.ts";
import type { Context, Handler, Outside } from "./context.ts";
import { changesNothing, isolateMemory } from "./isolate-memory.ts";

/** What it takes to fetch the keys of those who sign JWTs. */
type Telephone = Pick<Outside, "fetchJwks">;

/** Refuses what reached a development server from elsewhere. @throws {ServiceError} `internal` */
export const onlyLocalWhereLoopbackIsAllowed: Handler = async (c, next) => {
  refuseForeignHost(settingsOf(c.env), c.req.url);
  await next();
};

/** Finds out who asks, before whatever comes next. */
export function authenticated(outside: Telephone): Handler {
  return async (c, next) => {
    await findCaller(c, outside);
    await next();
    if (c.get("source") === undefined) c.res.headers.set("Cache-Control", "no-store");
  };
}

/** Finds out who asks. @throws {ServiceError} `unauthenticated`, `provider_unreachable` */
export async function findCaller(c: Context, { fetchJwks }: Telephone): Promise<void> {
  const { rootApiKey, jwtIssuers, egress } = settingsOf(c.env);
  const register = {
    db: c.env.DB,
    rootApiKey,
    verifyJwt: (token: string) => verifyJwt(token, jwtIssuers, (uri) => fetchJwks(uri, egress)),
    later: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
  };
  const { principals } = isolateMemory(c.env);
  c.set("principal", await principals.find(c.req.header("Authorization"), register, changesNothing(c)));
}
