/**
 * The keys of a client that signs what proves who it is (`private_key_jwt`, RFC 7523 2.2): which of them signs now, how a new one joins them, and
 * what of them everybody may see. Pure; instants are milliseconds since the epoch.
 */

import type { AssertionAlgorithm, Flavour } from "./flavour.ts";
import type { SigningKey } from "./registration.ts";

/** A new key signs when the key sets that providers have fetched before it was there are too old to be kept. */
export const SIGNS_AFTER_MS = 10 * 60 * 1000;
/** As many are published: what was signed with one may still be looked at after it was replaced. */
const MOST_KEYS = 3;
const DEFAULT_ALGORITHM = "ES256";
/** What is public of a key (RFC 7518 6.2.1, 6.3.1). */
const PUBLIC_MEMBERS = new Set(["kty", "crv", "x", "y", "n", "e"]);

/** A public key, as a key set has it (RFC 7517 4). */
export interface PublicKey {
  kid: string;
  use: "sig";
  alg: string;
  [member: string]: string;
}

/** Decides whether a client signs to authenticate, at any of its requests. */
export function signsItself({ client_auth, refresh }: Flavour): boolean {
  return client_auth === "private_key_jwt" || refresh?.client_auth === "private_key_jwt";
}

/** Gives the algorithm with which it does. */
export function algorithmOf({ client_assertion }: Flavour): AssertionAlgorithm {
  return client_assertion?.alg ?? DEFAULT_ALGORITHM;
}

/** Finds the key that signs now: the newest that is old enough, or the oldest there is; null when there is none of this algorithm. */
export function signingKey(keys: readonly SigningKey[], alg: string, now: number): SigningKey | null {
  const usable = keys.filter((key) => key.alg === alg);
  return usable.find((key) => signsFrom(key) <= now) ?? usable.at(-1) ?? null;
}

/** Gives the moment from which a key signs, where there is another that does until then. */
export function signsFrom({ created_at }: SigningKey): number {
  return created_at + SIGNS_AFTER_MS;
}

/** Puts a new key in front of the others. */
export function withKey(keys: readonly SigningKey[], key: SigningKey): SigningKey[] {
  return [key, ...keys].slice(0, MOST_KEYS);
}

/** Gives what everybody may see of keys. */
export function publicKeys(keys: readonly SigningKey[]): PublicKey[] {
  return keys.map(({ kid, alg, jwk }) => ({
    ...Object.fromEntries(Object.entries(jwk).filter(([member]) => PUBLIC_MEMBERS.has(member))),
    kid,
    use: "sig",
    alg,
  }));
}
