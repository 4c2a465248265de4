/** Checks what a provider says at the callback, before anything is spent (RFC 6749 4.1.2, RFC 9207 2.4). */

import * as oauth from "oauth4webapi";
import type { TokenRequest } from "../domain/oauth2/request.ts";

/** Stands for the issuer where none is known. */
const UNKNOWN_ISSUER = "https://issuer.invalid";

/** What `oauth4webapi` knows of the provider. */
export function serverOf(tokenEndpoint: string): oauth.AuthorizationServer {
  return { issuer: UNKNOWN_ISSUER, token_endpoint: tokenEndpoint };
}

/** What it knows of the client. */
export function clientOf({ registration }: Pick<TokenRequest, "registration">): oauth.Client {
  return { client_id: registration.client_id };
}

/**
 * Checks the parameters of a callback: once each, `state` as expected, no `error`, a `code`. Where the client names its issuer, `iss` has to
 * be exactly that, and has to be there if the issuer says that it sends it (RFC 9207 2.4). Gives them under the standard's names.
 * @throws {oauth.AuthorizationResponseError} The provider refused; `error` is its code. Other errors: the answer is malformed.
 */
export function validCallback(request: TokenRequest & { kind: "code_exchange" }): URLSearchParams {
  const parameters = new URLSearchParams(request.callback);
  const { code_param: name = "code" } = request.registration.flavour ?? {};
  if (name !== "code") {
    const codes = parameters.getAll(name);
    parameters.delete("code");
    parameters.delete(name);
    for (const code of codes) parameters.append("code", code);
  }
  if (parameters.getAll("iss").length > 1) throw new TypeError("There is more than one iss.");
  const { issuer, metadata } = request.registration;
  if (issuer === undefined) parameters.delete("iss");
  const server = {
    issuer: issuer ?? UNKNOWN_ISSUER,
    authorization_response_iss_parameter_supported: metadata?.authorization_response_iss_parameter_supported === true,
  };
  const valid = oauth.validateAuthResponse(server, clientOf(request), parameters, request.state);
  const [code, ...others] = valid.getAll("code");
  if (code === undefined || code === "" || others.length > 0) throw new TypeError("There is not exactly one code.");
  return valid;
}
