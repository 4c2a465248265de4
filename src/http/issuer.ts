/** What the issuer of a new auth client tells, asked before the client is stored: whoever registers it is still there to correct it. */

import type { AuthClient } from "../domain/auth-client.ts";
import { type Discovered, DISCOVERY_FAULTS } from "../domain/oauth2/metadata.ts";
import { missingUris, registrationOf, type StatedRegistration } from "../domain/oauth2/registration.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { ServiceError } from "../errors.ts";
import { findPreset } from "../providers/presets.ts";
import type { Outside } from "./context.ts";

const POINTER = "/data/attributes/issuer";

/**
 * Asks the issuer that a new client names; null when it names none. Where all URIs are stated anyway, an issuer that does not answer
 * is asked again later.
 * @throws {ServiceError} `invalid_document` when without its answer, or in spite of it, a URI is missing
 */
export async function discoverFor(
  { issuer, credentials }: AuthClient,
  discover: Outside["discover"],
  policy: EgressPolicy,
): Promise<Discovered | null> {
  if (issuer === null) return null;
  const discovered = await discover(issuer, policy);
  const stated = credentials as StatedRegistration;
  const metadata = discovered.kind === "heard" ? discovered.metadata : null;
  const missing = missingUris(registrationOf(stated, findPreset(stated.provider), metadata));
  if (missing.length === 0) return discovered;
  const uris = missing.map((name) => `"${name}"`).join(" and ");
  const fault =
    discovered.kind === "failed"
      ? DISCOVERY_FAULTS[discovered.fault]
      : "The metadata of this issuer lacks an endpoint that may be called.";
  throw new ServiceError("invalid_document", [{ detail: `${fault} Correct it, or state ${uris}.`, pointer: POINTER }]);
}
