/**
 * What the other OAuth server of the tests remembers: clients, codes and tokens, in memory. The package asks for repositories and brings
 * none. A refresh token that comes again takes its whole family along, as RFC 9700, section 4.14.2 wants it.
 */

import { randomBytes } from "node:crypto";
import { JwtService, OAuthException } from "@jmondi/oauth2-server";
import type {
  JwtInterface,
  OAuthAuthCode,
  OAuthAuthCodeRepository,
  OAuthClient,
  OAuthClientRepository,
  OAuthScopeRepository,
  OAuthToken,
  OAuthTokenRepository,
  OAuthUserRepository,
} from "@jmondi/oauth2-server";

const SCOPES = new Set(["read", "write"]);
const REFRESH_TOKEN_MS = 90 * 24 * 60 * 60 * 1000;
const LONG_AGO = new Date(0);

/** Makes a text that nobody can guess. */
export function randomText(): string {
  return randomBytes(32).toString("base64url");
}

/** Keeps everything one server stores. */
export class OAuth2ServerStorage {
  readonly #clients = new Map<string, OAuthClient>();
  readonly #codes = new Map<string, OAuthAuthCode>();
  readonly #tokens: OAuthToken[] = [];

  add(client: OAuthClient): void {
    this.#clients.set(client.id, client);
  }

  find(clientId: string): OAuthClient | undefined {
    return this.#clients.get(clientId);
  }

  /** Revokes all tokens of a client and tells how many lived. */
  revokeClient(clientId: string): number {
    return this.#revoke((token) => token.client.id === clientId);
  }

  readonly clients: OAuthClientRepository = {
    getByIdentifier: async (id) => this.#clients.get(id) ?? refuse(OAuthException.invalidClient()),
    isClientValid: async (grantType, client, secret) =>
      client.allowedGrants.includes(grantType) && secret === client.secret,
  };

  readonly codes: OAuthAuthCodeRepository = {
    issueAuthCode: (client, user, scopes) => ({
      code: randomText(),
      expiresAt: LONG_AGO,
      client,
      user: user ?? null,
      scopes,
    }),
    persist: async (code) => void this.#codes.set(code.code, code),
    getByIdentifier: async (code) => this.#codes.get(code) ?? refuse(OAuthException.invalidGrant()),
    isRevoked: async (code) => !this.#codes.has(code),
    revoke: async (code) => void this.#codes.delete(code),
  };

  readonly scopes: OAuthScopeRepository = {
    getAllByIdentifiers: async (names) => names.filter((name) => SCOPES.has(name)).map((name) => ({ name })),
    finalize: async (scopes) => scopes,
  };

  readonly tokens: OAuthTokenRepository = {
    issueToken: async (client, scopes, user) => ({
      accessToken: randomText(),
      accessTokenExpiresAt: LONG_AGO,
      client,
      user: user ?? null,
      scopes,
    }),
    issueRefreshToken: async (token) =>
      Object.assign(token, {
        refreshToken: randomText(),
        refreshTokenExpiresAt: new Date(Date.now() + REFRESH_TOKEN_MS),
      }),
    persist: async (token) => void this.#tokens.push(token),
    revoke: async (token) => void this.#revoke((each) => each === token),
    revokeDescendantsOf: async (code) => void this.#revoke((each) => each.originatingAuthCodeId === code),
    isRefreshTokenRevoked: async (token) => {
      if (token.refreshTokenExpiresAt !== LONG_AGO) return false;
      this.#revoke((each) => each.originatingAuthCodeId === token.originatingAuthCodeId);
      return true;
    },
    getByRefreshToken: async (id) =>
      this.#tokens.find((token) => token.refreshToken === id) ?? refuse(OAuthException.invalidGrant()),
    getByAccessToken: async (id) =>
      this.#tokens.find((token) => token.accessToken === id) ?? refuse(OAuthException.invalidGrant()),
  };

  /** Every name is an account. */
  readonly users: OAuthUserRepository = { getUserByCredentials: async (id) => ({ id }) };

  #revoke(matches: (token: OAuthToken) => boolean): number {
    const living = this.#tokens.filter((token) => matches(token) && token.accessTokenExpiresAt !== LONG_AGO);
    for (const token of living) {
      Object.assign(token, { accessTokenExpiresAt: LONG_AGO, refreshTokenExpiresAt: LONG_AGO });
    }
    return living.length;
  }
}

/** Writes tokens as the package does, signed; and for clients that want it as texts which say nothing. */
export class TokenWriter implements JwtInterface {
  readonly #signed = new JwtService(randomText());
  readonly #opaque = new Map<string, Record<string, unknown>>();
  readonly #isOpaque: (clientId: string) => boolean;

  constructor(isOpaque: (clientId: string) => boolean) {
    this.#isOpaque = isOpaque;
  }

  async sign(payload: string | Buffer | Record<string, unknown>): Promise<string> {
    if (typeof payload === "string" || Buffer.isBuffer(payload)) return this.#signed.sign(payload);
    if (!this.#isOpaque(String(payload["cid"] ?? payload["client_id"]))) return this.#signed.sign(payload);
    const text = randomText();
    this.#opaque.set(text, payload);
    return text;
  }

  async verify(token: string, options?: Parameters<JwtInterface["verify"]>[1]): Promise<Record<string, unknown>> {
    return this.#opaque.get(token) ?? this.#signed.verify(token, options);
  }

  decode(token: string): ReturnType<JwtInterface["decode"]> {
    return this.#opaque.get(token) ?? this.#signed.decode(token);
  }
}

function refuse(reason: OAuthException): never {
  throw reason;
}
