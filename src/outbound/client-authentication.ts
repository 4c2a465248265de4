/** How a client proves at a provider's endpoints that it is who it says (RFC 6749 2.3, RFC 7523 2.2), as its flavour has it. */

import * as oauth from "oauth4webapi";
import { flavourFor } from "../domain/oauth2/flavour.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import { clientAssertion, type Signing } from "./assertion.ts";

/** Gives the authentication of a client for one kind of request. */
export function authenticationOf(registration: OAuth2Registration, kind: string, signing: Signing): oauth.ClientAuth {
  const secret = registration.client_secret ?? "";
  const { client_auth } = flavourFor(registration.flavour, kind);
  // The assertion says who asks, and providers that know no other client than that refuse one (RFC 7523 2.1).
  if (kind === "jwt_bearer" && client_auth === undefined && secret === "") return () => undefined;
  switch (client_auth ?? "body") {
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
      return clientAssertion(registration, signing);
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
