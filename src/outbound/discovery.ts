/** Asks an issuer for its metadata, at the two addresses where it may be. What is heard is judged by `domain/oauth2/metadata`. */

import * as oauth from "oauth4webapi";
import { type Discovered, type DiscoveryFault, keptMetadata } from "../domain/oauth2/metadata.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { type Fetched, guardedFetch } from "./guarded-fetch.ts";

const TIMEOUT_MS = 5000;
const FAULTS: Record<string, DiscoveryFault> = {
  address_refused: "address_refused",
  timeout: "timeout",
  response_too_large: "too_large",
};
/** Whoever said nothing at one address is not asked at the other, which is on the same host. */
const SILENT: ReadonlySet<DiscoveryFault> = new Set(["address_refused", "unreachable", "timeout"]);

/**
 * Asks an issuer, at most twice. First where OpenID Connect has it (`{issuer}/.well-known/openid-configuration`), which is where nearly
 * all providers publish theirs, those without OpenID too; then where RFC 8414 has it. Either counts only for exactly this issuer.
 */
export async function discover(issuer: string, policy: EgressPolicy): Promise<Discovered> {
  if (!URL.canParse(issuer)) return failed("address_refused");
  const first = await ask(issuer, "oidc", policy);
  if (first.kind === "heard" || SILENT.has(first.fault)) return first;
  const second = await ask(issuer, "oauth2", policy);
  return second.kind === "heard" || first.fault === "not_found" ? second : first;
}

async function ask(issuer: string, algorithm: "oidc" | "oauth2", policy: EgressPolicy): Promise<Discovered> {
  let fetched: Fetched | undefined;
  await oauth.discoveryRequest(new URL(issuer), {
    algorithm,
    // Which addresses may be called over plain http is decided by the egress rules alone.
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (uri, { method, headers }) => {
      fetched = await guardedFetch(uri, { method, headers }, { policy, timeoutMs: TIMEOUT_MS });
      return new Response(null, { status: 204 });
    },
  });
  if (fetched === undefined) throw new Error("The metadata was never asked for.");
  if (fetched.kind === "failed") return failed(FAULTS[fetched.refusal.reason] ?? "unreachable");
  const { status, body } = fetched.answer;
  if (status >= 300 && status < 400) return failed("redirected");
  if (status === 404 || status === 410) return failed("not_found");
  if (status !== 200) return failed("refused");
  try {
    const said = await oauth.processDiscoveryResponse(new URL(issuer), new Response(body));
    // The library compares addresses, for which https://a.example and https://a.example/ are one; RFC 8414 3.3 compares texts.
    if (said.issuer !== issuer) return failed("issuer_differs");
    return { kind: "heard", metadata: keptMetadata(issuer, said, policy) };
  } catch (error) {
    const isRead = !(error instanceof oauth.OperationProcessingError) || error.code === oauth.JSON_ATTRIBUTE_COMPARISON;
    return failed(isRead ? "issuer_differs" : "unreadable");
  }
}

function failed(fault: DiscoveryFault): Discovered {
  return { kind: "failed", fault };
}
