/** Exchanges the code of a consent for a grant (RFC 6749 4.1.3), and its token for one that lives longer where the flavour says so. */

import * as oauth from "oauth4webapi";
import type { TokenRequest } from "../domain/oauth2/request.ts";
import { type Heard, knownReason, type Reason } from "../domain/oauth2/response.ts";
import { ServiceError } from "../errors.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import { type Asked, askProvider } from "./ask.ts";
import type { Ports } from "./ports.ts";

const TIMEOUT_MS = 20_000;

/** Sends the code, once. */
export async function exchangeCode(
  ports: Ports,
  stored: SealedAuthClient,
  request: TokenRequest & { kind: "code_exchange" },
): Promise<Asked> {
  const { heard, client } = await askProvider(ports, stored, request, TIMEOUT_MS);
  const isFinal = heard.kind === "refused" || request.registration.flavour?.upgrade === undefined;
  return { client, heard: isFinal ? heard : await upgraded(ports, client, request, heard) };
}

/** Exchanges a token for one that lives longer. One that cannot be had leaves the first. */
async function upgraded(
  ports: Ports,
  client: SealedAuthClient,
  { registration, variables }: TokenRequest,
  first: Heard & { kind: "granted" },
): Promise<Heard> {
  const request: TokenRequest = { kind: "upgrade", registration, variables, accessToken: first.grant.access_token };
  const second = await askProvider(ports, client, request, TIMEOUT_MS).then(
    ({ heard }) => heard,
    () => null,
  );
  if (second === null || second.kind === "refused") return first;
  const { undefined_params, scope, subject, refresh_token } = first.grant;
  const isKept = second.grant.refresh_token === null;
  const grant = {
    ...second.grant,
    refresh_token: second.grant.refresh_token ?? refresh_token,
    scope: second.grant.scope ?? scope,
    subject: second.grant.subject ?? subject,
    undefined_params: { ...undefined_params, ...second.grant.undefined_params },
  };
  return { ...second, ...(isKept && { refreshTokenExpiresAt: first.refreshTokenExpiresAt }), grant };
}

/** Names why a flow failed by something that was thrown. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof oauth.AuthorizationResponseError) return knownReason(error.error) ?? "provider_refused";
  if (error instanceof ServiceError) return error.failure.code === "not_found" ? "client_gone" : "storage_integrity";
  return error instanceof TypeError || error instanceof oauth.OperationProcessingError
    ? "unreadable_answer"
    : "storage_unavailable";
}
