/**
 * Sealing and opening: AES-256-GCM in a compact JWE (RFC 7516) with a fresh IV each time. The identity of the record is part of
 * what is authenticated, so that a ciphertext that was moved to another record does not open.
 */

import { CompactEncrypt, compactDecrypt } from "jose";
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
}

/** Makes the cipher of a ring, which is asked for each time: one that is unusable fails whoever needs it, and nobody else. */
export function cipherOf(keyring: () => Keyring): Cipher {
  return {
    seal: async (identity, value) => await seal(keyring(), identity, value),
    open: async (identity, sealed) => await open(keyring(), identity, sealed),
  };
}

/** Seals a JSON value under the first key of the ring. */
export async function seal(keyring: Keyring, identity: RecordIdentity, value: unknown): Promise<Sealed> {
  const { kid, bytes } = keyring[0];
  const header = { alg: "dir", enc: "A256GCM", kid, record: identity.join("/") };
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
