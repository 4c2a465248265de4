/** Who is asking: reads the Authorization header and returns a principal, or says that nobody proved who they are. */

import { digest, sameDigest } from "../domain/digest.ts";
import type { Principal } from "../domain/permissions.ts";
import { ServiceError } from "../errors.ts";

const ROOT: Principal = { id: "root", place: { level: "global" }, permissions: "all" };

/**
 * Finds the principal of a request: `Basic base64(email:api_key)` as the platform's clients send it (RFC 7617), or
 * `Bearer api_key` (RFC 6750).
 * @throws {ServiceError} `unauthenticated`; the sentence never says which part was wrong.
 */
export async function identify(authorization: string | undefined, rootApiKey: string | null): Promise<Principal> {
  const apiKey = authorization === undefined ? null : apiKeyOf(authorization);
  if (apiKey === null)
    throw new ServiceError("unauthenticated", "This needs an API key, sent as Basic or Bearer authorization.");
  if (rootApiKey !== null && sameDigest(await digest(apiKey), await digest(rootApiKey))) return ROOT;
  throw new ServiceError("unauthenticated", "This API key is not valid.");
}

function apiKeyOf(authorization: string): string | null {
  const [, scheme, value] = /^(basic|bearer) +([\x21-\x7e]+) *$/i.exec(authorization) ?? [];
  if (scheme === undefined || value === undefined) return null;
  if (scheme.toLowerCase() === "bearer") return value;
  try {
    const [, ...password] = atob(value).split(":");
    return password.length === 0 ? null : password.join(":");
  } catch {
    return null;
  }
}
