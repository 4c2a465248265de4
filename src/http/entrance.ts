/** What stands before every route that is not for everybody: where the request came to, and who asks. */

import { verifyJwt } from "../auth/jwt.ts";
import { refuseForeignHost, settingsOf } from "../bindings.ts";
import { callerAddress } from "../domain/caller-address.ts";
import type { Principal } from "../domain/permissions.ts";
import type { Overspent } from "./allowances.ts";
import type { Context, Handler, Outside } from "./context.ts";
import { principalOf } from "./handed-over.ts";
import { changesNothing, isolateMemory } from "./isolate-memory.ts";
import { limiterOf } from "./limiters.ts";
import { noteDenied } from "./trail.ts";

/** Refuses what reached a development server from elsewhere. @throws {ServiceError} `internal` */
export const onlyLocalWhereLoopbackIsAllowed: Handler = async (c, next) => {
  refuseForeignHost(settingsOf(c.env), c.req.url);
  await next();
};

/** Finds who an Authorization header is of. @throws {ServiceError} `unauthenticated`, `provider_unreachable`, `rate_limited` */
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
    const whence = () => ({
      address: callerAddress(c.req.header("CF-Connecting-IP")),
      limiter: limiterOf(c.env, "FAILURE_LIMIT"),
    });
    return await isolateMemory(c.env).principals.find(authorization, register, changesNothing(c), whence);
  };
}

/** Finds out who asks, before whatever comes next. The console's own requests say it themselves. */
export function authenticated(identify: Identify): Handler {
  return async (c, next) => {
    c.set("principal", principalOf(c.req.raw) ?? (await identify(c, c.req.header("Authorization"))));
    await spend(c);
    await next();
    if (c.get("source") === undefined) c.res.headers.set("Cache-Control", "no-store");
  };
}

/** Lets the caller have this request, if it is within what they may ask. @throws {ServiceError} `rate_limited` */
export async function spend(c: Context): Promise<void> {
  if (changesNothing(c)) return spendRead(c);
  const limiter = limiterOf(c.env, "WRITE_LIMIT");
  if (limiter !== undefined) refuse(c, await isolateMemory(c.env).allowances.write(c.get("principal").id, limiter));
}

/** The same for a request that changes nothing: nobody waits for it. */
export function spendRead(c: Context): void {
  const limiter = limiterOf(c.env, "READ_LIMIT");
  if (limiter === undefined) return;
  const later = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  refuse(c, isolateMemory(c.env).allowances.read(c.get("principal").id, limiter, later));
}

/** The trail has the first refusal; those after it are counted in the log. */
function refuse(c: Context, overspent: Overspent | null): void {
  if (overspent === null) return;
  throw overspent.isFirst ? noteDenied(c, c.get("principal").lineage, overspent.error) : overspent.error;
}
