/** Grants that the provider of the tests makes without a browser: as if a person had consented and the code been exchanged. */

import type { Provider } from "oidc-provider";

/** Tokens in hand, as an import takes them. */
export interface MintedGrant {
  access_token: string;
  refresh_token: string;
}

const SCOPE = "openid offline_access";

/** Makes a new grant for a client with an access token and a refresh token, each valid as if it had been asked for. */
export async function mintGrant(provider: Provider, clientId: string): Promise<MintedGrant> {
  const client = await provider.Client.find(clientId);
  if (client === undefined) throw new Error(`There is no client ${clientId}.`);
  const accountId = "person";
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(SCOPE);
  const facts = { accountId, client, grantId: await grant.save(), gty: "authorization_code", scope: SCOPE };
  return {
    access_token: await new provider.AccessToken(facts).save(),
    refresh_token: await new provider.RefreshToken(facts).save(),
  };
}
