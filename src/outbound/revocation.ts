/** Takes tokens back at the provider that issued them (RFC 7009). Best effort: whatever goes wrong is told, and stops nobody. */

import * as oauth from "oauth4webapi";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import type { Reason } from "../domain/oauth2/response.ts";
import { type FormedRequest, shapeOtherRequest } from "../domain/oauth2/shape.ts";
import { filledUri, type Variables } from "../domain/oauth2/variables.ts";
import { type Limits, signingOf } from "./assertion.ts";
import { clientOf, serverOf } from "./callback.ts";
import { authenticationOf } from "./client-authentication.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { headerValues } from "./header-values.ts";

/** What is to be taken back, and as whom. */
export interface Revocation {
  registration: OAuth2Registration;
  /** What stands for the variables in URIs. */
  variables: Variables;
  accessToken: string;
  refreshToken: string | null;
}

/** What came of it: all tokens were taken, some, or none; `reason` says why not. */
export interface Revoked {
  outcome: "revoked" | "partly" | "failed";
  reason: Reason | null;
}

/** Revokes both tokens of a grant, side by side, each once. `timeoutMs` is for all of it. */
export async function revokeTokens(revocation: Revocation, limits: Limits): Promise<Revoked> {
  const { registration, variables, accessToken, refreshToken } = revocation;
  const { revoke_uri = "", hosts } = registration.flavour ?? {};
  const uri = filledUri(revoke_uri, hosts, variables);
  if (uri === null) return { outcome: "failed", reason: "host_unknown" };
  const server = {
    ...serverOf(filledUri(registration.token_uri, hosts, variables) ?? ""),
    revocation_endpoint: uri,
  };
  const asked = [
    ...(refreshToken === null ? [] : [revoke(registration, server, ["refresh_token", refreshToken], limits)]),
    revoke(registration, server, ["access_token", accessToken], limits),
  ];
  const reasons = await Promise.all(asked);
  const failures = reasons.filter((reason) => reason !== null);
  const [reason = null] = failures;
  if (reason === null) return { outcome: "revoked", reason };
  return { outcome: failures.length < reasons.length ? "partly" : "failed", reason };
}

type Token = [hint: "access_token" | "refresh_token", token: string];

/** Revokes one token. Null: the provider took it; RFC 7009 2.2 has it say so of tokens that it does not know, too. */
async function revoke(
  registration: OAuth2Registration,
  server: oauth.AuthorizationServer,
  token: Token,
  limits: Limits,
): Promise<Reason | null> {
  const { uri, ...init } = shapeOtherRequest(
    registration.flavour ?? {},
    await form(registration, server, token, limits),
    await headerValues(registration, "revocation", limits.now()),
  );
  const fetched = await guardedFetch(uri, init, limits);
  if (fetched.kind === "failed") return fetched.refusal.reason;
  const { status } = fetched.answer;
  return status >= 200 && status < 300 ? null : `http_${status}`;
}

/** Has the standard's request made, and catches it before it is sent. */
async function form(
  registration: OAuth2Registration,
  server: oauth.AuthorizationServer,
  [hint, token]: Token,
  limits: Limits,
): Promise<FormedRequest> {
  let formed: FormedRequest | undefined;
  const authentication = authenticationOf(registration, "revocation", signingOf(limits));
  await oauth.revocationRequest(server, clientOf({ registration }), authentication, token, {
    additionalParameters: { token_type_hint: hint },
    // Which addresses may be called over plain http is decided by the egress rules alone.
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (uri, { headers, body }) => {
      formed = { uri, headers, params: new URLSearchParams(String(body)) };
      return new Response(null, { status: 200 });
    },
  });
  if (formed === undefined) throw new Error("The revocation request was never made.");
  return formed;
}
