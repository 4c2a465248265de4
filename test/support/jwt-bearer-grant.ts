/**
 * Teaches oidc-provider the grant of RFC 7523 2.1, which it does not have of its own: an assertion signed with a key that the client has
 * registered gets an access token. jose verifies; nothing here believes what it has not checked.
 */

import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import type { Context, Provider } from "oidc-provider";

export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** The longest that an assertion may count. */
const LONGEST_LIFETIME = "5 minutes";

/** Registers the grant. `audience` is what assertions have to be for. */
export function addJwtBearerGrant(provider: Provider, audience: string): void {
  provider.registerGrantType(
    JWT_BEARER,
    async (ctx) => {
      const { client, params } = ctx.oidc;
      const keys = createLocalJWKSet(client.jwks as JSONWebKeySet);
      const claims = await verified(String(params["assertion"]), keys, { issuer: client.clientId, audience });
      if (claims === null) return refuse(ctx);
      const scope = typeof claims["scope"] === "string" ? claims["scope"] : undefined;
      const token = new provider.ClientCredentials({ client, scope });
      ctx.body = { access_token: await token.save(), expires_in: token.expiration, token_type: "Bearer", scope };
    },
    ["assertion"],
  );
}

async function verified(
  assertion: string,
  keys: ReturnType<typeof createLocalJWKSet>,
  expected: { issuer: string; audience: string },
) {
  try {
    const rules = { ...expected, requiredClaims: ["exp", "iat", "jti"], maxTokenAge: LONGEST_LIFETIME };
    return (await jwtVerify(assertion, keys, rules)).payload;
  } catch {
    return null;
  }
}

function refuse(ctx: Context): void {
  ctx.status = 400;
  ctx.body = { error: "invalid_grant" };
}
