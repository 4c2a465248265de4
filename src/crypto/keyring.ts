/** The keys that seal what is stored: a JWK set of which the first seals and all open. Knows nothing of what they seal. */

import { base64url } from "jose";
import { ServiceError } from "../errors.ts";

/** One AES-256 key and the name by which a sealed record asks for it. */
interface SealingKey {
  kid: string;
  /** 32 bytes. */
  bytes: Uint8Array;
}

export type Keyring = readonly [SealingKey, ...SealingKey[]];

interface JwkSet {
  keys: { kty: string; kid: string; k: string }[];
}

/**
 * Reads `ENCRYPTION_KEYS`: a JWK set (RFC 7517 5) of `oct` keys of 256 bits, each with a `kid` of its own.
 * @throws {ServiceError} `storage_integrity` when there is no usable ring; nothing is then sealed or opened.
 */
export function parseKeyring(text: string | undefined): Keyring {
  const fault = (why: string) =>
    new ServiceError("storage_integrity", "Stored credentials cannot be opened now.", {
      internal: `ENCRYPTION_KEYS ${why}`,
    });
  if (text === undefined || text === "") throw fault("is not set");
  let keys: SealingKey[];
  try {
    keys = (JSON.parse(text) as JwkSet).keys.map(({ kty, kid, k }) => {
      if (kty !== "oct" || typeof kid !== "string" || kid === "") throw new TypeError("wrong kind of key");
      return { kid, bytes: base64url.decode(k) };
    });
  } catch {
    throw fault("is not a JWK set of oct keys");
  }
  const [first, ...others] = keys;
  if (first === undefined) throw fault("holds no key");
  if (keys.some((key) => key.bytes.length !== 32)) throw fault("holds a key that is not 256 bits long");
  if (new Set(keys.map((key) => key.kid)).size !== keys.length) throw fault("holds two keys of one kid");
  return [first, ...others];
}
