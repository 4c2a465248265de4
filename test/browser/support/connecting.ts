/** What tests of the connect pages start from and walk through: an app that both sides know, a link, the provider's own two pages. */

import type { Page } from "playwright-core";
import type { Stage } from "../../support/stage.ts";

export interface App {
  /** Of the auth client. */
  id: string;
  /** At the provider. */
  clientId: string;
}

/** Registers an app at the provider and here. */
export async function newApp({ server, provider }: Stage, name: string): Promise<App> {
  const credentials = await provider.registerClient({ redirect_uris: [`${server.url}/`] });
  const uris = { auth_uri: provider.authUri, token_uri: provider.tokenUri, refresh_token_uri: provider.tokenUri };
  const { body } = await server.call("POST", "/v2/auth-clients", {
    data: { type: "auth-client", attributes: { type: "oauth2", name, credentials: { ...credentials, ...uris } } },
  });
  const { id, attributes } = body.data;
  provider.changeClient(credentials.client_id, { redirect_uris: [attributes.redirect_uri] });
  return { id, clientId: credentials.client_id };
}

/** Asks for somebody's consent, and gives the link to send them and where the API shows the flow. */
export async function newLink(
  { server }: Stage,
  app: App,
  attributes: object = {},
): Promise<{ url: string; self: string }> {
  const { body } = await server.call("POST", "/v2/workspaces/sales/authorizations", {
    data: {
      type: "authorization",
      attributes: {
        name: "Anna's CRM",
        scopes: ["openid", "profile", "offline_access", "read"],
        additional_params: { prompt: "consent" },
        ...attributes,
      },
      relationships: { auth_client: { data: { id: app.id, type: "auth-client" } } },
    },
  });
  return { url: body.data.attributes.connect_url, self: body.data.links.self };
}

/** Signs in and agrees on oidc-provider's own pages, and is then wherever that leads. */
export async function signInAndAgree(page: Page, login = "anna"): Promise<void> {
  await page.locator('input[name="login"]').fill(login);
  await page.locator('input[name="password"]').fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}
