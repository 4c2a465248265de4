/** What stands before every route that is not for everybody: where the request came to, and who asks. */

import { verifyJwt } from "../auth/jwt.ts";
import { refuseForeignHost, settingsOf } from "../bindings.ts";
import type { Principal } from "../domain/permissions.ts";
import type { Context, Handler, Outside } from "./context.ts";
import { principalOf } from "./handed-over.ts";
import { changesNothing, isolateMemory } from "./isolate-memory.ts";

/** Refuses what reached a development server from elsewhere. @throws {ServiceError} `internal` */
export const onlyLocalWhereLoopbackIsAllowed: Handler = async (c, next) => {
  refuseForeignHost(settingsOf(c.env), c.req.url);
  await next();
};

/** Finds who an Authorization header is of. @throws {ServiceError} `unauthenticated`, `provider_unreachable` */
export type Identify = (c: Context, authorization: string | undefined) => Promise<Principal>;

/** Makes the function that does. */
export function identifying({ fetchJwks }: Pick<Outside, "fetchJwks">): Identify {
  return async (c, authorization) => {
    const { rootApiKey, jwtIssuers, egress } = settingsOf(c.env);
    const register = {
      db: c.env.DB,
      rootApiKey,
      verifyJwt: (token: string) => verifyJwt(token, jwtIssuers, (uri) => fetchJwks(uri, egress)),
      later: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
    };
    return await isolateMemory(c.env).principals.find(authorization, register, changesNothing(c));
  };
}

/** Finds out who asks, before whatever comes next. The console's own requests say it themselves. */
export function authenticated(identify: Identify): Handler {
  return async (c, next) => {
    c.set("principal", principalOf(c.req.raw) ?? (await identify(c, c.req.header("Authorization"))));
    await next();
    if (c.get("source") === undefined) c.res.headers.set("Cache-Control", "no-store");
  };
}
