/**
 * Sealing and opening: AES-256-GCM in a compact JWE (RFC 7516) with a fresh IV each time. The identity of the record is part of
 * what is authenticated, so that a ciphertext that was moved to another record does not open.
 */

import { base64url, CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import { ServiceError } from "../errors.ts";
import type { Keyring } from "./keyring.ts";

/** Names a record: what it is, whose it is, which field and version of it. Parts hold no `/`. */
export type RecordIdentity = readonly (string | number)[];

/** A sealed value, as it may be stored. */
export type Sealed = string;

/** Sealing and opening under one ring, for those who need not know of keys. */
export interface Cipher {
  seal(identity: RecordIdentity, value: unknown): Promise<Sealed>;
  /** @throws {ServiceError} `storage_integrity` */
  open<T>(identity: RecordIdentity, sealed: Sealed): Promise<T>;
  /** Seals under the first key what another has sealed; what the first has sealed stays as it is. @throws {ServiceError} `storage_integrity` */
  rewrap(identity: RecordIdentity, sealed: Sealed): Promise<Sealed>;
}

/** Makes the cipher of a ring, which is asked for each time: one that is unusable fails whoever needs it, and nobody else. */
export function cipherOf(keyring: () => Keyring): Cipher {
  return {
    seal: async (identity, value) => await seal(keyring(), identity, value),
    open: async (identity, sealed) => await open(keyring(), identity, sealed),
    rewrap: async (identity, sealed) => {
      if (kidOf(sealed) === keyring()[0].kid) return sealed;
      return await seal(keyring(), identity, await open(keyring(), identity, sealed));
    },
  };
}

/** Names the key that has sealed a value; null: it is no sealed value. */
export function kidOf(sealed: Sealed): string | null {
  try {
    return decodeProtectedHeader(sealed).kid ?? null;
  } catch {
    return null;
  }
}

/** Gives what everything begins with that this key has sealed, and nothing else, so that a database can tell by itself. */
export function beginningOf(kid: string): string {
  const header = new TextEncoder().encode(`${JSON.stringify(headerOf(kid)).slice(0, -1)},"`);
  // A character is six bits, and the last of them may hold some of what follows.
  return base64url.encode(header).slice(0, Math.floor((header.length * 8) / 6));
}

/** The members that all records of a key have in common stand first. */
function headerOf(kid: string) {
  return { alg: "dir", enc: "A256GCM", kid };
}

/** Seals a JSON value under the first key of the ring. */
export async function seal(keyring: Keyring, identity: RecordIdentity, value: unknown): Promise<Sealed> {
  const { kid, bytes } = keyring[0];
  const header = { ...headerOf(kid), record: identity.join("/") };
  return await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(value)))
    .setProtectedHeader(header)
    .encrypt(bytes);
}

/**
 * Opens what was sealed for this very record.
 * @throws {ServiceError} `storage_integrity` when the key is not in the ring, the record is another, or the seal is broken.
 */
export async function open<T>(keyring: Keyring, identity: RecordIdentity, sealed: Sealed): Promise<T> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(
      sealed,
      ({ kid }) => {
        const key = keyring.find((each) => each.kid === kid);
        if (key === undefined) throw new Error("its key is not in the ring");
        return key.bytes;
      },
      { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] },
    );
    if (protectedHeader["record"] !== identity.join("/")) throw new Error("it was sealed for another record");
    return JSON.parse(new TextDecoder().decode(plaintext)) as T;
  } catch (error) {
    throw new ServiceError("storage_integrity", "Stored credentials cannot be opened now.", {
      internal: `${identity.join("/")} does not open: ${error instanceof Error ? error.message : "unknown"}`,
    });
  }
}
