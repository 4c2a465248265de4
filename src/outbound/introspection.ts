/**
 * Asks a provider when a token expires whose answer did not say so (RFC 7662). Best effort: whatever goes wrong here, the grant is as it would
 * have been without.
 */

import * as oauth from "oauth4webapi";
import { membersOf } from "../domain/oauth2/answer.ts";
import type { TokenRequest } from "../domain/oauth2/request.ts";
import type { Heard } from "../domain/oauth2/response.ts";
import { shapeOtherRequest, type WireRequest } from "../domain/oauth2/shape.ts";
import { filledUri } from "../domain/oauth2/variables.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { clientOf, serverOf } from "./callback.ts";
import { type Limits, signingOf } from "./assertion.ts";
import { authenticationOf } from "./client-authentication.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { headerValues } from "./header-values.ts";

const TIMEOUT_MS = 3000;
/** Beyond this a number is no instant in seconds. */
const LAST_EPOCH = 1e11;

/**
 * Puts the expiry that introspection tells into a grant whose own answer told none; anything else stays as it is. A refresh token that was
 * rotated does not wait for it: until it is stored, it is lost if this process dies.
 */
export async function withIntrospectedExpiry(request: TokenRequest, heard: Heard, limits: Limits): Promise<Heard> {
  if (heard.kind !== "granted" || (heard.expirySource !== "assumed" && heard.expirySource !== "none")) return heard;
  const { refresh_token } = heard.grant;
  if (request.kind === "refresh" && refresh_token !== null && refresh_token !== request.refreshToken) return heard;
  const { introspect_uri, hosts } = request.registration.flavour ?? {};
  const uri = introspect_uri === undefined ? null : filledUri(introspect_uri, hosts, request.variables ?? {});
  const timeoutMs = Math.min(TIMEOUT_MS, limits.timeoutMs - (limits.now() - heard.issuedAt));
  if (uri === null || timeoutMs <= 0) return heard;
  const expiresAt = await introspectedExpiry(request, uri, heard.grant.access_token, { ...limits, timeoutMs });
  return expiresAt === null || expiresAt <= limits.now()
    ? heard
    : { ...heard, expiresAt, expirySource: "introspection" };
}

/** Reads `exp` of an active token, in milliseconds since the epoch; null when nobody says so. */
async function introspectedExpiry(
  request: TokenRequest,
  uri: string,
  token: string,
  limits: Limits,
): Promise<number | null> {
  const server = { ...serverOf(""), introspection_endpoint: uri };
  const client = clientOf(request);
  try {
    const authentication = authenticationOf(request.registration, "introspection", signingOf(limits));
    const response = await oauth.introspectionRequest(server, client, authentication, token, {
      additionalParameters: { token_type_hint: "access_token" },
      [oauth.customFetch]: async (to, { headers, body }) => {
        const formed = { uri: to, headers, params: new URLSearchParams(String(body)) };
        const values = await headerValues(request.registration, "introspection", limits.now());
        return await answerOf(shapeOtherRequest(request.registration.flavour ?? {}, formed, values), limits);
      },
      // Which addresses may be called over plain http is decided by the egress rules alone.
      [oauth.allowInsecureRequests]: true,
    });
    const { active, exp } = await oauth.processIntrospectionResponse(server, client, response);
    return active && typeof exp === "number" && exp < LAST_EPOCH ? exp * 1000 : null;
  } catch {
    return null;
  }
}

/** Sends the request under the egress rules and makes a JSON answer of what came, whatever its media type says. */
async function answerOf(
  { uri, ...init }: WireRequest,
  limits: { policy: EgressPolicy; timeoutMs: number },
): Promise<Response> {
  const fetched = await guardedFetch(uri, init, limits);
  if (fetched.kind === "failed") throw new Error(fetched.refusal.reason);
  return Response.json(membersOf(fetched.answer), { status: fetched.answer.status });
}
