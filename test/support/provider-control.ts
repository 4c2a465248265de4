/**
 * The JSON routes under /control/clients, through which tests inside workerd steer the provider they can only fetch.
 * They read what was sent, call the functions that Node has directly and write what came back; they decide nothing.
 */

import { json } from "node:stream/consumers";
import type { Context, Middleware } from "oidc-provider";
import type { ClientControl } from "./openid-provider.ts";
import type { ClientChanges, ClientMetadata, ClientRequest, ClientSettings, TokenFault } from "./provider-contract.ts";

const ROUTE = /^\/control\/clients(?:\/([^/]+))?(?:\/(fault|release|calls|revoke))?$/;

const SETTINGS: (keyof ClientSettings)[] = ["access_token_seconds", "rotate", "reuse_window_seconds"];
const METADATA: (keyof ClientMetadata)[] = ["redirect_uris", "grant_types", "jwks"];
const FAULT: (keyof TokenFault)[] = [
  "times",
  "grant_type",
  "hold_ms",
  "delay_ms",
  "status",
  "headers",
  "body",
  "commit",
  "drop_connection",
  "omit_members",
];

/** Answers the control routes; whatever cannot be done is a 400 with `{ error }`, an unknown client or route a 404. */
export function providerControl(control: ClientControl): Middleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith("/control/")) return next();
    try {
      const found = await act(control, ctx);
      ctx.status = found.status;
      ctx.body = found.body;
    } catch (error) {
      ctx.status = 400;
      ctx.body = { error: error instanceof Error ? error.message : "failed" };
    }
  };
}

async function act(control: ClientControl, ctx: Context): Promise<{ status: number; body: unknown }> {
  const [, clientId, what = ""] = ROUTE.exec(ctx.path) ?? [];
  const notFound = { status: 404, body: { error: "no such client or route" } };

  if (ctx.path === "/control/clients" && ctx.method === "POST") {
    const request = await read<ClientRequest>(ctx, [...SETTINGS, ...METADATA, "token_endpoint_auth_method"]);
    return { status: 201, body: await control.registerClient(request ?? { redirect_uris: [] }) };
  }
  if (clientId === undefined || !control.hasClient(clientId)) return notFound;

  switch (`${ctx.method} ${what}`) {
    case "PATCH ": {
      const changes = await read<ClientChanges>(ctx, [...SETTINGS, ...METADATA, "client_secret"]);
      return { status: 200, body: control.changeClient(clientId, changes ?? {}) };
    }
    case "PUT fault": {
      const fault = await read<TokenFault>(ctx, FAULT);
      control.setFault(clientId, fault);
      return { status: 200, body: { fault } };
    }
    case "POST release":
      control.release(clientId);
      return { status: 200, body: {} };
    case "GET calls":
      return { status: 200, body: control.calls(clientId) };
    case "POST revoke":
      return { status: 200, body: { revoked_grants: control.revokeGrants(clientId) } };
    default:
      return notFound;
  }
}

/** Reads an object with known members or `null`; a misspelt member would be a fault that silently never happens. */
async function read<T>(ctx: Context, members: (keyof T & string)[]): Promise<T | null> {
  const body: unknown = await json(ctx.req);
  if (typeof body !== "object" || Array.isArray(body)) throw new TypeError("the body must be a JSON object");
  const known: string[] = members;
  const unknown = Object.keys(body ?? {}).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new TypeError(`unknown member: ${unknown.join(", ")}`);
  return body as T | null;
}
