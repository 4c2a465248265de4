/** What a handler finds in its context. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { Env } from "../bindings.ts";
import type { Principal } from "../domain/permissions.ts";
import type { Problem, ServiceError } from "../errors.ts";

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Who asks; set on every route below /v2. */
    principal: Principal;
    /** What is wrong with the body besides what its schema finds. */
    problems?: Problem[];
    /** What the answer was an error of, for the log. */
    failure?: ServiceError;
  };
}

export type App = OpenAPIHono<AppEnv>;
export type Context = HonoContext<AppEnv>;
export type Handler = MiddlewareHandler<AppEnv>;
