/** An account that a person connects on a running server, with a client that is registered at a running provider. Runs in Node. */

import type { OpenIdProvider } from "./openid-provider.ts";
import type { ServerProcess } from "./server-process.ts";
import { signInAndConsent, UserAgent } from "./user-agent.ts";

/** Connects an account through the whole flow and says where its secret is. */
export async function connect(
  server: ServerProcess,
  provider: OpenIdProvider,
): Promise<{ clientId: string; secretPath: string }> {
  const credentials = await provider.registerClient({ redirect_uris: [`${server.url}/`] });
  const uris = { auth_uri: provider.authUri, token_uri: provider.tokenUri, refresh_token_uri: provider.tokenUri };
  const client = await server.call("POST", "/v2/auth-clients", {
    data: { type: "auth-client", attributes: { type: "oauth2", name: "x", credentials: { ...credentials, ...uris } } },
  });
  const { id, attributes } = client.body.data;
  provider.changeClient(credentials.client_id, { redirect_uris: [attributes.redirect_uri] });
  const flow = await server.call("POST", "/v2/workspaces/w/authorizations", {
    data: {
      type: "authorization",
      attributes: { name: "x", scopes: ["openid"] },
      relationships: { auth_client: { data: { id, type: "auth-client" } } },
    },
  });
  await signInAndConsent(new UserAgent(), flow.body.data.attributes.connect_url);
  const ended = await server.call("GET", flow.body.data.links.self);
  return { clientId: credentials.client_id, secretPath: ended.body.data.relationships.secret.links.self };
}
