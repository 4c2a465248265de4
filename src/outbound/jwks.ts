/** Asks the key server of an issuer for its JWK set (RFC 7517 5). Knows nothing of tokens. */

import type { EgressPolicy } from "../domain/provider-uri.ts";
import { guardedFetch } from "./guarded-fetch.ts";

const TIMEOUT_MS = 5000;
const GET = { method: "GET", headers: { Accept: "application/json, application/jwk-set+json" } };

/**
 * Fetches the text of a JWK set, once and under the egress rules. Whether it is one is for the reader to find out.
 * @throws {Error} whose message is a short reason, such as `timeout` or `http_500`; never the server's words.
 */
export async function fetchJwks(uri: string, policy: EgressPolicy): Promise<string> {
  const fetched = await guardedFetch(uri, GET, { policy, timeoutMs: TIMEOUT_MS });
  if (fetched.kind === "failed") throw new Error(fetched.refusal.reason);
  if (fetched.answer.status !== 200) throw new Error(`http_${fetched.answer.status}`);
  return fetched.answer.body;
}
