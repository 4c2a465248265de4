/**
 * Asks a token endpoint and tells what was heard. `oauth4webapi` makes the request and checks the answer; between the two the
 * answer is normalised by the pure steps of `domain/oauth2`.
 */

import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import { heardGrant, heardNothing, heardRefusal } from "../domain/oauth2/hearing.ts";
import { type TokenRequest, tokenEndpoint } from "../domain/oauth2/request.ts";
import { ACCESS_TOKEN, conformingAnswer, type Heard, membersOf, type RawAnswer } from "../domain/oauth2/response.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { type Fetched, guardedFetch } from "./guarded-fetch.ts";

/** Stands for the issuer where none is known; the answer's `iss` is then not compared. */
const UNKNOWN_ISSUER = "https://issuer.invalid";

/**
 * Sends one token request, once (RFC 6749 4.1.3 and 6), and judges the answer. Whatever the provider does is a value, never a throw.
 * @param limits `timeoutMs` bounds everything from connecting to the last byte; `now` is the clock.
 */
export async function sendTokenRequest(
  request: TokenRequest,
  limits: { policy: EgressPolicy; timeoutMs: number; now: () => number },
): Promise<Heard> {
  const sentAt = limits.now();
  let fetched: Fetched | undefined;
  await ask(request, async (uri, init) => {
    const body = String(init.body);
    fetched = await guardedFetch(uri, { method: init.method, headers: init.headers, body }, limits);
    return new Response(null, { status: 204 });
  });
  if (fetched === undefined) throw new Error("The token request was never sent.");
  if (fetched.kind === "failed") return { kind: "refused", refusal: fetched.refusal };
  return await hear(request, fetched.answer, sentAt, limits.now());
}

/**
 * Checks the provider's answer at the callback before anything is spent (RFC 6749 4.1.2, RFC 9207 2.4): parameters once each,
 * `state` as expected, no `error`, a `code`.
 * @throws {oauth.AuthorizationResponseError} The provider refused; `error` is its code. Other errors: the answer is malformed.
 */
export function validCallback(request: TokenRequest & { kind: "code_exchange" }): URLSearchParams {
  const parameters = new URLSearchParams(request.callback);
  if (parameters.getAll("iss").length > 1) throw new TypeError("There is more than one iss.");
  parameters.delete("iss");
  const valid = oauth.validateAuthResponse(serverOf(request), clientOf(request), parameters, request.state);
  const [code, ...others] = valid.getAll("code");
  if (code === undefined || code === "" || others.length > 0) throw new TypeError("There is not exactly one code.");
  return valid;
}

type SendFormed = (
  uri: string,
  init: { method: string; headers: Record<string, string>; body?: unknown },
) => Promise<Response>;

function serverOf(request: TokenRequest): oauth.AuthorizationServer {
  return { issuer: UNKNOWN_ISSUER, token_endpoint: tokenEndpoint(request) };
}

function clientOf(request: TokenRequest): oauth.Client {
  return { client_id: request.registration.client_id };
}

async function ask(request: TokenRequest, send: SendFormed): Promise<Response> {
  const server = serverOf(request);
  const client = clientOf(request);
  const authentication = oauth.ClientSecretPost(request.registration.client_secret ?? "");
  // Which addresses may be called over plain http is decided by the egress rules alone.
  const options = { [oauth.customFetch]: send, [oauth.allowInsecureRequests]: true };
  if (request.kind === "refresh") {
    return await oauth.refreshTokenGrantRequest(server, client, authentication, request.refreshToken, options);
  }
  if (request.kind !== "code_exchange") throw new Error("This grant is not known yet.");
  return await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    validCallback(request),
    request.redirectUri,
    request.codeVerifier,
    options,
  );
}

async function hear(request: TokenRequest, answer: RawAnswer, sentAt: number, now: number): Promise<Heard> {
  const members = membersOf(answer);
  const refusal = heardRefusal(request, answer, members, now);
  if (refusal !== null) return refusal;
  if (members === null) return heardNothing("unreadable_answer");

  const answered = Response.json(conformingAnswer(members));
  let tokens: oauth.TokenEndpointResponse;
  try {
    tokens = await oauth.processGenericTokenEndpointResponse(serverOf(request), clientOf(request), answered);
  } catch {
    return heardNothing(members.access_token === undefined ? "missing_access_token" : "unreadable_answer");
  }
  const { access_token, refresh_token, scope } = tokens;
  if (!ACCESS_TOKEN.test(access_token)) return heardNothing("unreadable_answer");
  const heard = {
    accessToken: access_token,
    refreshToken: refresh_token ?? null,
    scope: scope ?? null,
    jwtExpiresAt: jwtExpiresAt(access_token),
    subject: subjectOf(members.id_token),
  };
  return heardGrant(request, members, heard, sentAt);
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
