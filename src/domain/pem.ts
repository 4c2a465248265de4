/** What a private key in PEM looks like (RFC 7468), so that somebody who pastes another file is told which command helps. Opens no key. */

const CONVERTS = "openssl pkcs8 -topk8 -nocrypt -in key.pem";

/** Says what is wrong with a text that should be a private key in PKCS #8, as the end of a sentence ("must …"); null when it looks like one. */
export function pemFault(text: string): string | null {
  const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
  switch (label) {
    case "PRIVATE KEY":
      return text.includes("-----END PRIVATE KEY-----") ? null : 'must be whole, to "-----END PRIVATE KEY-----"';
    case "RSA PRIVATE KEY":
      return `must be PKCS #8 and not PKCS #1: "${CONVERTS}" converts it`;
    case "EC PRIVATE KEY":
      return `must be PKCS #8 and not SEC 1: "${CONVERTS}" converts it`;
    case "ENCRYPTED PRIVATE KEY":
      return `must not be encrypted: "${CONVERTS}" asks for the passphrase and takes it away`;
    case undefined:
      return 'must be a private key in PEM, which begins with "-----BEGIN PRIVATE KEY-----"';
    default:
      return `must be a private key, not a ${label}`;
  }
}
