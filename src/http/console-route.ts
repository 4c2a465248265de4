/**
 * `/console`: the pages for people. They ask the API of this very app, in the same process, as the person whose session it is, so that there is
 * nothing that they could do and the API could not (docs/decisions/0018).
 */

import { createConsole } from "../console/pages.tsx";
import type { Service } from "../console/service.ts";
import { overAt, sessionName } from "../auth/session.ts";
import { publicUrlFor, settingsOf } from "../bindings.ts";
import { PERMISSIONS, type Principal } from "../domain/permissions.ts";
import { endSession, hasEnded } from "../store/ended-sessions.ts";
import type { App, Context } from "./context.ts";
import type { Identify } from "./entrance.ts";
import { handOver } from "./handed-over.ts";

/** Adds the pages. They are no part of the API, so its description does not name them. */
export function addConsoleRoutes(app: App, identify: Identify): void {
  let pages: ReturnType<typeof createConsole> | undefined;
  app.all("/console/*", (c) => {
    pages ??= createConsole();
    return pages.fetch(c.req.raw, serviceFor(app, c, identify), c.executionCtx);
  });
}

function serviceFor(app: App, c: Context, identify: Identify): Service {
  const settings = settingsOf(c.env);
  const publicUrl = publicUrlFor(settings, c.req.url);
  return {
    publicUrl,
    cipher: settings.cipher,
    requestId: c.get("requestId"),
    isDevelopment: settings.egress.allowLoopback,
    hasEnded: async (session) => await hasEnded(c.env.DB, await sessionName(session)),
    end: async (session) => {
      await endSession(c.env.DB, await sessionName(session), overAt(session), Date.now());
    },
    failed: (error) => c.set("failure", error),
    identify: async (authorization) => {
      const principal = await identify(c, authorization);
      c.set("principal", principal);
      return principal;
    },
    ask: async (principal, method, path, body) => {
      const request = new Request(new URL(path, c.req.url), {
        method,
        headers: { "Content-Type": "application/json", "x-request-id": c.get("requestId") },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const seesSecrets = path.startsWith("/v2/workspaces/");
      handOver(request, seesSecrets ? withoutCredentials(principal) : principal);
      return await app.fetch(request, c.env, c.executionCtx);
    },
  };
}

/** The same, but nobody whom the API shows credentials: so none can come to a page. */
function withoutCredentials(principal: Principal): Principal {
  const held = principal.permissions === "all" ? PERMISSIONS : principal.permissions;
  const permissions = new Set(held);
  permissions.delete("workspaces.auth_secret.get_credentials");
  return { ...principal, permissions };
}
