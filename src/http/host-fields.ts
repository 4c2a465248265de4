/** Refuses a secret or a consent flow whose `fields` do not say which of the provider's hosts is meant. */

import { settingsOf } from "../bindings.ts";
import { hasTokens } from "../domain/auth-client.ts";
import { fieldProblems } from "../domain/oauth2/variables.ts";
import { ServiceError } from "../errors.ts";
import { openRegistration, type SealedAuthClient } from "../store/auth-clients.ts";
import type { Context } from "./context.ts";

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
  const problems = fieldProblems([auth_uri, token_uri, refresh_token_uri], flavour?.hosts, fields ?? null, pointer);
  if (problems.length > 0) throw new ServiceError("invalid_document", problems);
}
