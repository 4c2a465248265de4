/**
 * How oidc-provider is set up for tests: every default it warns about is replaced, so that a terminal shows only what is
 * meant for it. Lifetimes of access tokens and rotation are looked up for each client; nothing here listens or counts.
 */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { Provider } from "oidc-provider";
import type { Configuration } from "oidc-provider";
import { addJwtBearerGrant } from "./jwt-bearer-grant.ts";
import type { ProviderStorage } from "./provider-storage.ts";
import type { ClientSettings } from "./provider-contract.ts";

/** The paths of the endpoints. */
export const ROUTES = {
  authorization: "/auth",
  token: "/token",
  registration: "/reg",
  revocation: "/token/revocation",
  introspection: "/token/introspection",
};

const HOUR = 60 * 60;
const DAY = 24 * HOUR;

/** Builds a provider that keeps its state in `storage` and asks `settingsOf` for each token it issues. */
export function buildProvider(
  issuer: string,
  storage: ProviderStorage,
  settingsOf: (clientId: string) => ClientSettings,
  clientAuthMethods?: string[],
): Provider {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const configuration: Configuration = {
    adapter: storage.adapterFor,
    claims: { openid: ["sub"], email: ["email"], profile: ["name"] },
    ...(clientAuthMethods && { clientAuthMethods }),
    clientBasedCORS: () => false,
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    // A refresh token outlives the browser's session, with `offline_access` or without.
    expiresWithSession: async () => false,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
      },
      registration: { enabled: true },
      revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: { enabled: false },
    },
    findAccount: async (_ctx, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, name: sub, email: `${sub}@example.com` }),
    }),
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "test", alg: "ES256", use: "sig" }] },
    // oidc-provider knows no other method than S256.
    pkce: { required: () => true },
    renderError: (ctx, out) => {
      ctx.type = "text";
      ctx.body = Object.entries(out)
        .map(([name, value]) => `${name}: ${value}\n`)
        .join("");
    },
    // A token used twice then revokes the whole grant: oidc-provider's own behaviour.
    rotateRefreshToken: (ctx) => settingsOf(ctx.oidc.client.clientId).rotate,
    routes: ROUTES,
    scopes: ["openid", "offline_access", "email", "profile", "read", "write"],
    ttl: {
      AccessToken: (_ctx, _token, client) => settingsOf(client.clientId).access_token_seconds,
      ClientCredentials: (_ctx, _token, client) => settingsOf(client.clientId).access_token_seconds,
      Grant: 90 * DAY,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: 90 * DAY,
      Session: DAY,
    },
  };

  const provider = withoutPagesWarning(() => new Provider(issuer, configuration));
  addJwtBearerGrant(provider, issuer + ROUTES.token);
  // Its answer says only `server_error`; without these lines a mistake in this file could not be found.
  provider.on("server_error", (_ctx, error) => console.error(error));
  // Koa reports clients that hang up, and tests hang up on purpose.
  provider.on("error", (error, ctx) => void (ctx.res.destroyed || console.error(error)));
  return provider;
}

/** Builds without the warning that the sign-in pages are not for production, the only one that no setting replaces. */
function withoutPagesWarning<T>(build: () => T): T {
  const { warn } = console;
  console.warn = (...line: unknown[]) => {
    if (!String(line[0]).includes("devInteractions is enabled")) warn(...line);
  };
  try {
    return build();
  } finally {
    console.warn = warn;
  }
}
