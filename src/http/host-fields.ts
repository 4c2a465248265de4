/** Refuses a secret or a consent flow whose `fields` do not say which of the provider's hosts is meant. */

import { settingsOf } from "../bindings.ts";
import { hasTokens } from "../domain/auth-client.ts";
import { unfilledIn, variablesOf } from "../domain/oauth2/variables.ts";
import { ServiceError } from "../errors.ts";
import { openRegistration, type SealedAuthClient } from "../store/auth-clients.ts";
import type { Context } from "./context.ts";

const PREFIX = "fields.";

/** Holds `fields` against the variables in a client's URIs. @throws {ServiceError} `invalid_document`, `storage_integrity` */
export async function requireHostFields(
  c: Context,
  client: SealedAuthClient,
  fields: Record<string, unknown> | null | undefined,
  pointer: string,
): Promise<void> {
  if (!hasTokens(client.type)) return;
  const registration = await openRegistration(settingsOf(c.env).cipher, client);
  const { auth_uri, token_uri, refresh_token_uri, flavour } = registration;
  const variables = variablesOf(fields ?? null, null);
  const unfilled = [auth_uri, token_uri, refresh_token_uri].flatMap((uri) =>
    unfilledIn(uri, flavour?.hosts, variables),
  );
  const names = [...new Set(unfilled)]
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length));
  if (names.length === 0) return;
  throw new ServiceError(
    "invalid_document",
    names.map((name) => ({
      detail: `"${name}" is part of the provider's address, and must be what the auth client's "hosts" allow.`,
      pointer: `${pointer}/${name}`,
    })),
  );
}
