/** Which issuers' JWTs are believed: what an operator says of them, checked. Knows nothing of tokens. */

import { type EgressPolicy, providerUriFault } from "./provider-uri.ts";

/** One issuer, and what its tokens must look like. */
export interface JwtIssuer {
  /** Compared with `iss`, character by character. */
  issuer: string;
  /** Must be an audience of the token. */
  audience: string;
  jwksUri: string;
  /** Never empty, and asymmetric all of them. */
  algorithms: readonly string[];
}

/** What may sign a JWT: algorithms of which the verifying half is public (RFC 7518 3.1, RFC 8037, RFC 9864). */
const ASYMMETRIC = ["RS", "PS", "ES"].flatMap((family) => ["256", "384", "512"].map((bits) => family + bits));
const ALGORITHMS: readonly unknown[] = [...ASYMMETRIC, "EdDSA", "Ed25519"];
const DEFAULT_ALGORITHMS = ["ES256", "RS256"];
const MEMBERS = new Set(["issuer", "audience", "jwks_uri", "algorithms"]);

/**
 * Reads a JSON array of `{ issuer, audience, jwks_uri, algorithms? }`; no text is no issuer.
 * What is wrong with it comes back as the end of a sentence ("must …").
 */
export function parseJwtIssuers(text: string, policy: EgressPolicy): JwtIssuer[] | { fault: string } {
  if (text === "") return [];
  const entries = parseArray(text);
  if (entries === null) return { fault: "must be a JSON array" };
  const issuers: JwtIssuer[] = [];
  for (const [index, entry] of entries.entries()) {
    const parsed = parseJwtIssuer(entry, policy);
    if (typeof parsed === "string") return { fault: `[${index}] ${parsed}` };
    if (issuers.some(({ issuer }) => issuer === parsed.issuer)) return { fault: `[${index}] must name another issuer` };
    issuers.push(parsed);
  }
  return issuers;
}

function parseJwtIssuer(entry: unknown, policy: EgressPolicy): JwtIssuer | string {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return "must be an object";
  // A misspelt `algorithms` would otherwise widen what is accepted without a word.
  const stranger = Object.keys(entry).find((name) => !MEMBERS.has(name));
  if (stranger !== undefined) return `must not have a member ${JSON.stringify(stranger)}`;

  const { issuer, audience, jwks_uri, algorithms = DEFAULT_ALGORITHMS } = entry as Record<string, unknown>;
  if (!isText(issuer)) return "issuer must be a string that is not empty";
  if (!isText(audience)) return "audience must be a string that is not empty";
  if (!isText(jwks_uri)) return "jwks_uri must be a string that is not empty";
  const uriFault = providerUriFault(jwks_uri, policy);
  if (uriFault !== null) return `jwks_uri ${uriFault}`;
  if (!Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every((each) => ALGORITHMS.includes(each)))
    return `algorithms must be some of ${ALGORITHMS.join(", ")}`;
  return { issuer, audience, jwksUri: jwks_uri, algorithms };
}

function parseArray(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
