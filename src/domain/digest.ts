/** SHA-256 of texts: how keys and tokens of high entropy are recognised without being kept. */

const ENCODER = new TextEncoder();
/** An encoding in which each byte is one character of its own. */
const ONE_BYTE = new TextDecoder("windows-1252");

/** Gives the SHA-256 of a text, as 64 hexadecimal digits. */
export async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", ENCODER.encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Gives the SHA-256 of a text as 32 characters that are for no eye: the quickest name to remember something by. */
export async function fingerprint(text: string): Promise<string> {
  return ONE_BYTE.decode(await crypto.subtle.digest("SHA-256", ENCODER.encode(text)));
}

/** Compares two digests in constant time. */
export function sameDigest(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
