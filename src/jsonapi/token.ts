/** A token on the wire: what a step puts on its request, whatever the type of the secret. */

import type { z } from "@hono/zod-openapi";
import type { TokenCredentials } from "../domain/secret.ts";
import type { Token } from "../domain/token-copy.ts";
import { instant } from "./instant.ts";
import type { tokenSchema } from "./token-schema.ts";

/** Shows what a step puts on its request, and for how long. `minTtlSeconds` is what the caller asked for. */
export function tokenDocument(token: Token, now: number, minTtlSeconds: number): z.infer<typeof tokenSchema> {
  const { type, version, credentials, health } = token;
  if (credentials.kind === "plain") return { type, version, headers: headersOf(type, credentials.members) };
  const left = secondsLeft(credentials, now);
  const isShort = left !== null && left < minTtlSeconds;
  return {
    type: "oauth2",
    access_token: credentials.accessToken ?? "",
    token_type: credentials.tokenType,
    expires_at: instant(credentials.expiresAt),
    expires_in: left,
    scope: credentials.scope,
    version,
    health: isShort && (health === "ok" || health === "not_refreshable") ? "degraded" : health,
    headers: { Authorization: `${credentials.tokenType} ${credentials.accessToken}` },
  };
}

/** Gives the headers of a type without tokens. What a custom type means is for its components to know. */
function headersOf(type: string, members: Record<string, unknown>): Record<string, string> {
  if (type === "api_key") return { [String(members["headerName"])]: String(members["headerValue"]) };
  if (type !== "basic") return {};
  // RFC 7617 2.1: what is encoded is UTF-8.
  const bytes = new TextEncoder().encode(`${String(members["username"])}:${String(members["password"])}`);
  return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

/** Gives how many seconds a token has left now; null: it never expires. */
export function secondsLeft({ expiresAt }: Pick<TokenCredentials, "expiresAt">, now: number): number | null {
  return expiresAt === null ? null : Math.max(0, Math.floor((expiresAt - now) / 1000));
}
