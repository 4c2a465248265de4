/** An issuer with real keys, and a key server that counts what it is asked and fails on demand. */

import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import type { FetchKeys } from "../../src/auth/issuer-keys.ts";
import type { JwtIssuer } from "../../src/domain/jwt-issuer.ts";

export class FakeIssuer {
  /** As the settings would have it: an object of this issuer alone, so that no test sees another's keys. */
  readonly settings: JwtIssuer = {
    issuer: "https://id.example.com",
    audience: "edge-secrets",
    jwksUri: "https://id.example.com/jwks",
    algorithms: ["ES256", "RS256"],
  };
  /** What the key server publishes. */
  readonly published: JWK[] = [];
  readonly #privateKeys = new Map<string, CryptoKey>();
  fetches = 0;
  /** What the key server does instead of answering with its keys. */
  fault: (() => Promise<string>) | null = null;

  /** Makes an issuer that publishes one ES256 key, named `first`. */
  static async create(): Promise<FakeIssuer> {
    const issuer = new FakeIssuer();
    await issuer.addKey("first");
    return issuer;
  }

  async addKey(kid: string, alg = "ES256"): Promise<JWK> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: "sig" };
    this.#privateKeys.set(kid, privateKey);
    this.published.push(jwk);
    return jwk;
  }

  readonly fetchKeys: FetchKeys = async () => {
    this.fetches += 1;
    // A network takes its time, so that requests do meet.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return await (this.fault?.() ?? JSON.stringify({ keys: this.published }));
  };

  /** Claims of a token that is good for one minute; those that are undefined are left out. */
  claims(changes: Record<string, unknown> = {}): JWTPayload {
    const now = Math.floor(Date.now() / 1000);
    const good = { iss: this.settings.issuer, aud: this.settings.audience, sub: "flow-runner", exp: now + 60 };
    return Object.fromEntries(Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined));
  }

  /** Signs a token with one of its keys. */
  async sign(
    changes: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    key = "first",
  ): Promise<string> {
    const privateKey = this.#privateKeys.get(key);
    if (privateKey === undefined) throw new Error(`There is no key ${key}.`);
    return await new SignJWT(this.claims(changes))
      .setProtectedHeader({ alg: "ES256", kid: key, ...header })
      .sign(privateKey);
  }
}
