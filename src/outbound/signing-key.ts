/** Private keys that assertions are signed with: made here, or brought by somebody in PEM. Neither stores nor sends any. */

import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  importJWK,
  importPKCS8,
  type JWK,
} from "jose";
import type { AssertionAlgorithm } from "../domain/oauth2/flavour.ts";
import type { SigningKey } from "../domain/oauth2/registration.ts";

/** What the algorithm of a key is when nobody says: that of its kind that every provider knows. */
const USUAL_ALGORITHMS: readonly AssertionAlgorithm[] = ["RS256", "ES256", "ES384"];
/** Shorter RSA keys sign nothing (RFC 7518 3.3). */
const LEAST_MODULUS_BITS = 2048;

/** Makes a key. Its id is its thumbprint (RFC 7638). */
export async function newSigningKey(alg: AssertionAlgorithm, now: number): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = (await exportJWK(privateKey)) as Record<string, string>;
  return { kid: await calculateJwkThumbprint(jwk), alg, jwk, created_at: now };
}

/** Opens a key that was made here. */
export async function openSigningKey({ alg, jwk }: SigningKey): Promise<CryptoKey> {
  return (await importJWK(jwk as JWK, alg)) as CryptoKey;
}

/** Opens a key in PEM (PKCS #8, RFC 5208); null when it is none, or not one for the algorithm. */
export async function openPem(
  pem: string,
  alg: AssertionAlgorithm | undefined,
): Promise<{ key: CryptoKey; alg: AssertionAlgorithm } | null> {
  for (const each of alg === undefined ? USUAL_ALGORITHMS : [alg]) {
    try {
      const key = await importPKCS8(unescaped(pem), each);
      const { modulusLength = LEAST_MODULUS_BITS } = key.algorithm as { modulusLength?: number };
      return modulusLength < LEAST_MODULUS_BITS ? null : { key, alg: each };
    } catch {
      // It is of another kind.
    }
  }
  return null;
}

/** Says what is wrong with a key in PEM as the end of a sentence ("must …"); null when it signs. */
export async function privateKeyFault(pem: string, alg: AssertionAlgorithm | undefined): Promise<string | null> {
  if ((await openPem(pem, alg)) !== null) return null;
  const kinds = alg === undefined ? `RSA (${LEAST_MODULUS_BITS} bits or more), P-256 or P-384` : alg;
  return `must be a private key for ${kinds}, whole, as PKCS #8 in PEM`;
}

/** Line breaks that were copied from JSON are taken for what they mean. */
function unescaped(pem: string): string {
  return pem.replaceAll(String.raw`\n`, "\n").trim();
}
