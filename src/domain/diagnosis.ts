/**
 * What is wrong with an auth client, in sentences for the person who can mend it: its URIs, its issuer, whether its provider is there. What
 * the token endpoint says of the client itself is in `dry-run`. Pure: whoever asks the provider hands in what was heard.
 */

import type { ClientAuth } from "./oauth2/flavour.ts";
import { type Discovered, DISCOVERY_FAULTS, type ProviderMetadata } from "./oauth2/metadata.ts";
import { missingUris, type OAuth2Registration } from "./oauth2/registration.ts";
import { filledUri, unfilledIn, type Variables } from "./oauth2/variables.ts";
import { type EgressPolicy, providerUriFault } from "./provider-uri.ts";

export const CHECKS = ["uris", "issuer", "reachability", "client"] as const;
export const LEVELS = ["ok", "warning", "error"] as const;

/** Names what was found, for programs. The list is closed. */
export const FINDING_CODES = [
  ...["uris_usable", "uri_missing", "uri_refused", "variable_missing"],
  ...["issuer_heard", "issuer_unheard", "issuer_differs", "endpoint_differs", "auth_method_unlisted"],
  ...["reachable", "unreachable", "timeout", "server_fails"],
  ...["client_accepted", "secret_wrong", "client_refused", "wants_basic", "wants_body"],
  ...["grant_refused", "grant_unsupported", "scope_refused", "redirect_uri_unknown", "request_refused"],
  ...["wrong_path", "wrong_method", "redirected", "format_unsupported", "rate_limited"],
  ...["answer_unclear", "token_for_nothing", "not_checked"],
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

export interface Finding {
  check: (typeof CHECKS)[number];
  level: (typeof LEVELS)[number];
  code: FindingCode;
  /** One or two sentences: what is wrong, and what to do. Never a provider's own words. */
  detail: string;
  /** What of the client's document it is about (RFC 6901). */
  about: string;
}

/** What is looked at. */
export interface Subject {
  registration: OAuth2Registration;
  redirectUri: string;
  variables: Variables;
}

/** Where something of the provider is. */
export interface Address {
  name: UriName;
  uri: string;
}
const URI_NAMES = ["auth_uri", "token_uri", "refresh_token_uri"] as const;
type UriName = (typeof URI_NAMES)[number];

/** What came of knocking: an HTTP status, or why there is none. */
export type Reach = { status: number } | { fault: "timeout" | "unreachable" };

const METHODS: Partial<Record<ClientAuth, string>> = {
  body: "client_secret_post",
  basic: "client_secret_basic",
  none: "none",
  private_key_jwt: "private_key_jwt",
};

/** Names a member of a client's credentials. */
export function ofCredentials(name: string): string {
  return `/data/attributes/credentials/${name}`;
}

/** Looks at the URIs: says what is wrong with them, and gives those that may be called, each once. */
export function lookAtUris(
  { registration, variables }: Subject,
  policy: EgressPolicy,
): { addresses: Address[]; findings: Finding[] } {
  const hosts = registration.flavour?.hosts;
  const missing = missingUris(registration);
  const findings: Finding[] = missing.map((name) => ({
    check: "uris",
    level: "error",
    code: "uri_missing",
    detail: `"${name}" is missing. State it, or name a provider or an issuer that knows it.`,
    about: ofCredentials(name),
  }));
  const addresses: Address[] = [];
  for (const name of URI_NAMES) {
    const template = registration[name];
    const isKnown = name === "refresh_token_uri" && template === registration.token_uri;
    if (template === "" || isKnown) continue;
    const about = ofCredentials(name);
    const unfilled = unfilledIn(template, hosts, variables);
    const uri = filledUri(template, hosts, variables);
    if (unfilled.length > 0) findings.push(unfilledFinding(name, unfilled, variables));
    else {
      const fault = uri === null ? "must be an absolute URI" : providerUriFault(uri, policy);
      if (uri !== null && fault === null) addresses.push({ name, uri });
      else findings.push({ check: "uris", level: "error", code: "uri_refused", detail: `"${name}" ${fault}.`, about });
    }
  }
  const isFine = findings.length === 0;
  const detail = "Every URI may be called.";
  const about = "/data/attributes/credentials";
  return {
    addresses,
    findings: isFine ? [{ check: "uris", level: "ok", code: "uris_usable", detail, about }] : findings,
  };
}

/** A value that is not said is no mistake of the client's: it comes with each secret. */
function unfilledFinding(name: UriName, unfilled: string[], variables: Variables): Finding {
  const refused = unfilled.find((each) => Object.hasOwn(variables, each));
  const isOfFields = unfilled.some((each) => each.startsWith("fields."));
  const missing = isOfFields ? 'say the value in "fields" to have this address looked at' : "only a consent tells it";
  const detail =
    refused === undefined
      ? `"${name}" holds ${unfilled.join(" and ")}: ${missing}.`
      : `What was said for ${refused} is not what the flavour's "hosts" allow.`;
  const level = refused === undefined ? "warning" : "error";
  return { check: "uris", level, code: "variable_missing", detail, about: ofCredentials(name) };
}

/** Says what the issuer tells now, and where the client goes other ways. Null: it names none. */
export function issuerFindings(registration: OAuth2Registration, discovered: Discovered | null): Finding[] {
  const about = "/data/attributes/issuer";
  if (discovered === null) return [];
  if (discovered.kind === "failed") {
    const { fault } = discovered;
    const code = fault === "issuer_differs" ? "issuer_differs" : "issuer_unheard";
    const isNeeded = code === "issuer_differs" || missingUris(registration).length > 0;
    const after = isNeeded ? "Correct it." : "What is known of it counts until it answers again.";
    const detail = `${DISCOVERY_FAULTS[fault]} ${after}`;
    return [{ check: "issuer", level: isNeeded ? "error" : "warning", code, detail, about }];
  }
  const { metadata } = discovered;
  const detail = "The issuer publishes metadata under exactly this name.";
  return [
    { check: "issuer", level: "ok", code: "issuer_heard", detail, about },
    ...differing(registration, metadata),
    ...unlisted(registration, metadata),
  ];
}

function differing(registration: OAuth2Registration, metadata: ProviderMetadata): Finding[] {
  const named = [
    ["auth_uri", metadata.authorization_endpoint],
    ["token_uri", metadata.token_endpoint],
  ] as const;
  return named
    .filter(
      ([name, endpoint]) => endpoint !== undefined && registration[name] !== "" && registration[name] !== endpoint,
    )
    .map(([name]) => ({
      check: "issuer",
      level: "warning",
      code: "endpoint_differs",
      detail: `The issuer names another "${name}" than the one in use. One that is stated stays; one of the issuer is replaced within a day.`,
      about: ofCredentials(name),
    }));
}

function unlisted({ flavour = {} }: OAuth2Registration, metadata: ProviderMetadata): Finding[] {
  const supported = metadata.token_endpoint_auth_methods_supported;
  const method = METHODS[flavour.client_auth ?? "body"];
  if (supported === undefined || method === undefined || supported.includes(method)) return [];
  const detail = supported.includes("client_secret_basic")
    ? 'By its metadata this provider wants Basic authentication: set "client_auth" to "basic".'
    : "By its metadata this provider does not take the way in which the client authenticates.";
  const about = "/data/attributes/flavour/client_auth";
  return [{ check: "issuer", level: "warning", code: "auth_method_unlisted", detail, about }];
}

/** Says whether somebody answers at an address. Any answer will do: nothing was asked for. */
export function reachFinding({ name }: Address, reach: Reach): Finding {
  const finding = (level: Finding["level"], code: FindingCode, detail: string): Finding => ({
    check: "reachability",
    level,
    code,
    detail,
    about: ofCredentials(name),
  });
  if ("status" in reach) {
    return reach.status >= 500
      ? finding("warning", "server_fails", `The server of "${name}" answers, but fails (${reach.status}).`)
      : finding("ok", "reachable", `The server of "${name}" answers.`);
  }
  if (reach.fault === "timeout") {
    return finding("error", "timeout", `The server of "${name}" does not answer in time. Is it the right host?`);
  }
  const why = "is there no such host, does it not listen, or is its certificate not valid?";
  return finding("error", "unreachable", `The server of "${name}" cannot be reached: ${why}`);
}
