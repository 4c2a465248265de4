/**
 * Asks a token endpoint and tells what was heard. `oauth4webapi` makes the request and checks the answer; in between the provider's flavour
 * is applied, by the pure steps of `domain/oauth2`: `shape` before it is sent, `answer` before it is judged.
 */

import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import { conformingAnswer, membersOf, type RawAnswer, readAnswer } from "../domain/oauth2/answer.ts";
import { flavourFor } from "../domain/oauth2/flavour.ts";
import {
  heardGrant,
  heardNoHost,
  heardNoKey,
  heardNothing,
  heardRefusal,
  isRefreshToken,
} from "../domain/oauth2/hearing.ts";
import { type TokenRequest, tokenEndpoint } from "../domain/oauth2/request.ts";
import { ACCESS_TOKEN, type Heard } from "../domain/oauth2/response.ts";
import { type FormedRequest, shapeRequest } from "../domain/oauth2/shape.ts";
import { bearerAssertion, type Limits, NoKey, type Signing, signingOf } from "./assertion.ts";
import { clientOf, serverOf, validCallback } from "./callback.ts";
import { authenticationOf } from "./client-authentication.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { headerValues } from "./header-values.ts";
import { withIntrospectedExpiry } from "./introspection.ts";

/**
 * Sends one token request, once (RFC 6749 4.1.3, 4.4.2 and 6; RFC 7523 2.1), and judges the answer. Whatever the provider does is a
 * value, never a throw.
 * @param limits `timeoutMs` bounds everything from connecting to the last byte; `now` is the clock; `onAnswer` sees the answer as it came.
 */
export async function sendTokenRequest(
  request: TokenRequest,
  limits: Limits & { onAnswer?: (answer: RawAnswer) => void },
): Promise<Heard> {
  const endpoint = tokenEndpoint(request);
  if (endpoint === null) return heardNoHost();
  const formed = await form(request, endpoint, signingFor(request, limits)).catch(whereThereIsNoKey);
  if (formed === null) return heardNoKey();
  const sentAt = limits.now();
  const { uri, ...init } = shapeRequest(
    request,
    formed,
    await headerValues(request.registration, request.kind, sentAt),
  );
  const fetched = await guardedFetch(uri, init, limits);
  if (fetched.kind === "failed") return { kind: "refused", refusal: fetched.refusal };
  limits.onAnswer?.(fetched.answer);
  return await withIntrospectedExpiry(request, await hear(request, fetched.answer, sentAt, limits.now()), limits);
}

/** The redirect URI that is sent along is the one that an assertion may name. */
function signingFor(request: TokenRequest, limits: Limits): Signing {
  const signing = signingOf(limits);
  return request.kind === "code_exchange" ? { ...signing, publicUrl: new URL(request.redirectUri).origin } : signing;
}

/** RFC 7523 2.1. */
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

type Caught = (uri: string, init: { headers: Record<string, string>; body?: unknown }) => Promise<Response>;

/** Has the standard's request made, and catches it before it is sent. */
async function form(request: TokenRequest, endpoint: string, signing: Signing): Promise<FormedRequest> {
  let formed: FormedRequest | undefined;
  await ask(request, endpoint, signing, async (uri, { headers, body }) => {
    formed = { uri, headers, params: new URLSearchParams(String(body)) };
    return new Response(null, { status: 204 });
  });
  if (formed === undefined) throw new Error("The token request was never made.");
  return formed;
}

function whereThereIsNoKey(error: unknown): null {
  if (error instanceof NoKey) return null;
  throw error;
}

async function ask(request: TokenRequest, endpoint: string, signing: Signing, caught: Caught): Promise<Response> {
  const server = serverOf(endpoint);
  const client = clientOf(request);
  const authentication = authenticationOf(request.registration, request.kind, signing);
  // Which addresses may be called over plain http is decided by the egress rules alone.
  const options = { [oauth.customFetch]: caught, [oauth.allowInsecureRequests]: true };
  switch (request.kind) {
    case "refresh":
      return await oauth.refreshTokenGrantRequest(server, client, authentication, request.refreshToken, options);
    case "upgrade":
      return await oauth.refreshTokenGrantRequest(server, client, authentication, request.accessToken, options);
    case "client_credentials":
      return await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, options);
    case "jwt_bearer": {
      const assertion = await bearerAssertion(request, signing.now);
      const params = { assertion };
      return await oauth.genericTokenEndpointRequest(server, client, authentication, JWT_BEARER, params, options);
    }
    case "code_exchange": {
      const { redirectUri, codeVerifier, registration } = request;
      const verifier = registration.flavour?.pkce === "off" ? oauth.nopkce : codeVerifier;
      const callback = validCallback(request);
      return await oauth.authorizationCodeGrantRequest(
        server,
        client,
        authentication,
        callback,
        registration.flavour?.redirect_uri_name ?? redirectUri,
        verifier,
        options,
      );
    }
  }
}

async function hear(request: TokenRequest, answer: RawAnswer, sentAt: number, now: number): Promise<Heard> {
  const flavour = flavourFor(request.registration.flavour, request.kind);
  const members = membersOf(answer);
  const read = members === null ? null : readAnswer(flavour, members);
  const refusal = heardRefusal(request, answer, read, now);
  if (refusal !== null) return refusal;
  if (read === null) return heardNothing("unreadable_answer");

  const conforming = conformingAnswer(read, flavour);
  const extended = request.kind === "refresh" && flavour.refresh_returns_no_token === true ? request.accessToken : null;
  let tokens: oauth.TokenEndpointResponse;
  try {
    // An answer that is nested deeply enough cannot be written.
    const answered = Response.json({ ...conforming, access_token: conforming["access_token"] ?? extended });
    tokens = await oauth.processGenericTokenEndpointResponse(serverOf(""), clientOf(request), answered);
  } catch {
    return heardNothing(conforming["access_token"] === undefined ? "missing_access_token" : "unreadable_answer");
  }
  const { access_token, refresh_token, scope } = tokens;
  if (!ACCESS_TOKEN.test(access_token)) return heardNothing("unreadable_answer");
  if (isRefreshToken(request, read, access_token)) return heardNothing("unreadable_answer");
  const heard = {
    accessToken: access_token,
    refreshToken: refresh_token ?? null,
    scope: scope ?? null,
    jwtExpiresAt: jwtExpiresAt(access_token),
    subject: subjectOf(read.tokens.id_token),
  };
  return heardGrant(request, read, heard, sentAt);
}

/** Reads when an access token expires, where it is a JWT that says so (RFC 9068 2.2). Milliseconds since the epoch. */
export function jwtExpiresAt(token: string): number | null {
  const claims = claimsOf(token);
  return typeof claims?.exp === "number" ? claims.exp * 1000 : null;
}

/** Reads who consented from an ID token. It came straight from the token endpoint over TLS (OpenID Connect Core 3.1.3.7, 6). */
function subjectOf(idToken: unknown): string | null {
  const claims = typeof idToken === "string" ? claimsOf(idToken) : null;
  return typeof claims?.sub === "string" ? claims.sub : null;
}

function claimsOf(token: string): ReturnType<typeof decodeJwt> | null {
  try {
    return decodeJwt(token);
  } catch {
    return null;
  }
}
