/** Names that say nothing to whoever holds no key: HMAC-SHA-256 (RFC 2104) of what is named. A ring with another first key gives other names. */

import { base64url } from "jose";
import type { Keyring } from "./keyring.ts";
import type { RecordIdentity } from "./seal.ts";

/** Gives the name of a record, as 43 characters base64url. @throws {ServiceError} `storage_integrity` when there is no usable ring */
export type KeyedNames = (identity: RecordIdentity) => Promise<string>;

const HMAC = { name: "HMAC", hash: "SHA-256", length: 256 };
/** Keeps the key apart from the one that seals (RFC 5869 3.2). */
const PURPOSE = new TextEncoder().encode("edge-secrets names");

/** Makes the names of a ring, which is asked for each time. */
export function keyedNamesOf(keyring: () => Keyring): KeyedNames {
  let known: { kid: string; key: CryptoKey } | null = null;
  return async (identity) => {
    const { kid, bytes } = keyring()[0];
    if (known?.kid !== kid) known = { kid, key: await namingKey(bytes) };
    const hash = await crypto.subtle.sign("HMAC", known.key, new TextEncoder().encode([kid, ...identity].join("/")));
    return base64url.encode(new Uint8Array(hash));
  };
}

/** Derives a key from the one that seals (RFC 5869). */
async function namingKey(bytes: Uint8Array): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: PURPOSE };
  return await crypto.subtle.deriveKey(how, secret, HMAC, false, ["sign"]);
}
