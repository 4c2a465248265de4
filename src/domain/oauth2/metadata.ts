/** What an issuer tells of itself (RFC 8414 2, OpenID Connect Discovery 3), as far as this service looks at it. Pure. */

import { type EgressPolicy, providerUriFault } from "../provider-uri.ts";
import { variablesIn } from "./variables.ts";

/** Members have their names of RFC 8414. */
export interface ProviderMetadata {
  issuer: string;
  authorization_endpoint?: string;
  token_endpoint?: string;
  revocation_endpoint?: string;
  introspection_endpoint?: string;
  token_endpoint_auth_methods_supported?: string[];
  code_challenge_methods_supported?: string[];
  /** RFC 9207: answers to authorization requests hold `iss`. */
  authorization_response_iss_parameter_supported?: boolean;
}

/** Why nothing was heard of an issuer, and what is said of it to a person. The list is closed. */
export const DISCOVERY_FAULTS = {
  address_refused: "This service makes no requests to the address of this issuer.",
  unreachable: "This issuer cannot be reached.",
  timeout: "This issuer does not answer in time.",
  too_large: "The metadata of this issuer is too long.",
  redirected: "This issuer answers with a redirect, which is not followed.",
  not_found: "This issuer publishes no metadata.",
  refused: "This issuer does not give its metadata.",
  unreadable: "What this issuer publishes is not metadata in JSON.",
  no_token_endpoint: "The metadata of this issuer names no token endpoint that may be called.",
  issuer_differs: "The metadata there is of another issuer: it has to be named exactly, to the last slash.",
} as const;
export type DiscoveryFault = keyof typeof DISCOVERY_FAULTS;

/** What came of asking an issuer. */
export type Discovered = { kind: "heard"; metadata: ProviderMetadata } | { kind: "failed"; fault: DiscoveryFault };

/**
 * Says what to believe of an issuer that clients depend on already: metadata that names no token endpoint would leave them without one, so it
 * counts as not heard.
 */
export function believed(discovered: Discovered): Discovered {
  const isWhole = discovered.kind === "failed" || discovered.metadata.token_endpoint !== undefined;
  return isWhole ? discovered : { kind: "failed", fault: "no_token_endpoint" };
}

const ENDPOINTS = [
  "authorization_endpoint",
  "token_endpoint",
  "revocation_endpoint",
  "introspection_endpoint",
] as const;
const LISTS = ["token_endpoint_auth_methods_supported", "code_challenge_methods_supported"] as const;
const MOST_ENTRIES = 30;
const MAX_ENTRY_LENGTH = 100;
const MAX_URI_LENGTH = 2048;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LONGEST_PAUSE = 6 * HOUR;

/**
 * Keeps what this service looks at, and of that only what it can use: an endpoint that may not be called is as good as none. It is
 * stored with the client in every actor, so it has bounds.
 */
export function keptMetadata(issuer: string, said: Record<string, unknown>, policy: EgressPolicy): ProviderMetadata {
  const isEndpoint = (uri: unknown): uri is string =>
    typeof uri === "string" &&
    uri.length <= MAX_URI_LENGTH &&
    // Only who registers a client may say which of a secret's fields go into a URI.
    variablesIn(uri).length === 0 &&
    providerUriFault(uri, policy) === null;
  const kept: Record<string, unknown> = { issuer };
  for (const name of ENDPOINTS) if (isEndpoint(said[name])) kept[name] = said[name];
  for (const name of LISTS) {
    const list = said[name];
    if (Array.isArray(list)) kept[name] = list.filter(isEntry).slice(0, MOST_ENTRIES);
  }
  if (said["authorization_response_iss_parameter_supported"] === true) {
    kept["authorization_response_iss_parameter_supported"] = true;
  }
  return kept as unknown as ProviderMetadata;
}

function isEntry(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_ENTRY_LENGTH;
}

/** Says when an issuer is asked again that failed so often in a row: daily, or after pauses that double. Spread by `random`, in [0, 1). */
export function nextDiscovery(failures: number, now: number, random: number): number {
  if (failures === 0) return Math.floor(now + 24 * HOUR - random * 2 * HOUR);
  const pause = Math.min(10 * MINUTE * 2 ** (failures - 1), LONGEST_PAUSE);
  return Math.floor(now + pause * (0.8 + 0.4 * random));
}
