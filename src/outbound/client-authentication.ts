/** How a client proves at a provider's endpoints that it is who it says (RFC 6749 2.3, RFC 7523 2.2), as its flavour has it. */

import * as oauth from "oauth4webapi";
import { flavourFor } from "../domain/oauth2/flavour.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";

/** Gives the authentication of a client for one kind of request. */
export function authenticationOf(registration: OAuth2Registration, kind: string): oauth.ClientAuth {
  const secret = registration.client_secret ?? "";
  switch (flavourFor(registration.flavour, kind).client_auth ?? "body") {
    case "body":
      return secret === "" ? oauth.None() : oauth.ClientSecretPost(secret);
    case "basic":
      return (_server, client, _body, headers) => headers.set("Authorization", basicOf(client.client_id, secret));
    case "basic_secret_only":
      return (_server, _client, _body, headers) => headers.set("Authorization", basicOf(secret, ""));
    case "bearer_secret":
      return (_server, _client, _body, headers) => headers.set("Authorization", `Bearer ${secret}`);
    case "none":
      return oauth.None();
    case "private_key_jwt":
      throw new Error("There is no key.");
  }
}

/**
 * Writes Basic credentials, both halves form-encoded (RFC 6749 2.3.1). `oauth4webapi` would escape "-", "_" and "." as well, which that
 * encoding leaves alone, and providers that decode nothing would not know their own client again.
 */
function basicOf(user: string, password: string): string {
  const encoded = (text: string) => new URLSearchParams([["", text]]).toString().slice(1);
  return `Basic ${btoa(`${encoded(user)}:${encoded(password)}`)}`;
}
