/**
 * Connects an account the way a person would: a client registered at a real OpenID provider, the auth client for it, a consent
 * flow walked by a small browser. What the provider's token endpoint saw is kept for the figures.
 */

import { type OpenIdProvider, startOpenIdProvider } from "../../test/support/openid-provider.ts";
import type { ClientCredentials, TokenCall } from "../../test/support/provider-contract.ts";
import { signInAndConsent, UserAgent } from "../../test/support/user-agent.ts";
import { ANSWER_MS, type Api, type Resource } from "./api.ts";
import type { Cleanup } from "./cleanup.ts";
import { DemoFailure } from "./failure.ts";
import { TOKEN_SECONDS } from "./promise.ts";

/** A connected account. */
export interface Connection {
  secretPath: string;
  /** What the provider's token endpoint has seen, in order; it grows. */
  tokenCalls: readonly TokenCall[];
}

const SCOPES = ["openid", "offline_access"];
const WORKSPACE = "/v2/workspaces/demo";
const NAME = "Demo";

/** Connects an account, and says what happens as it happens. @throws {DemoFailure} */
export async function connect(
  api: Api,
  cleanup: Cleanup,
  say: (event: string, text: string) => void,
  stop: AbortSignal,
): Promise<Connection> {
  const provider = await startOpenIdProvider({ accessTokenSeconds: TOKEN_SECONDS });
  cleanup.add("the provider", () => provider.close());
  say("Provider", `a real OpenID provider at ${provider.issuer}, ${TOKEN_SECONDS} s tokens`);
  stop.throwIfAborted();

  // A redirect URI is known only once there is an auth client, and an auth client needs a registration.
  const registration = await provider.registerClient({ redirect_uris: ["http://localhost/"] });
  const client = await createAuthClient(api, provider, registration);
  cleanup.add("the auth client", () => api.delete(client.links.self));
  provider.changeClient(registration.client_id, { redirect_uris: [String(client.attributes["redirect_uri"])] });
  say("Client", "registered there, and stored here as an auth client");
  stop.throwIfAborted();

  const secretPath = await consent(api, client, provider.issuer, say);
  cleanup.add("the secret", () => api.delete(secretPath));
  stop.throwIfAborted();
  return { secretPath, tokenCalls: provider.calls(registration.client_id).token_requests };
}

function createAuthClient(api: Api, provider: OpenIdProvider, registration: ClientCredentials): Promise<Resource> {
  const uris = { auth_uri: provider.authUri, token_uri: provider.tokenUri, refresh_token_uri: provider.tokenUri };
  const attributes = { type: "oauth2", name: NAME, credentials: { ...registration, ...uris } };
  return api.create("an auth client", "/v2/auth-clients", { type: "auth-client", attributes });
}

/** Walks one consent flow to its end and returns the path of the secret it made. */
async function consent(
  api: Api,
  client: Resource,
  issuer: string,
  say: (event: string, text: string) => void,
): Promise<string> {
  const flow = await api.create("an authorization", `${WORKSPACE}/authorizations`, {
    type: "authorization",
    attributes: { name: NAME, scopes: SCOPES },
    relationships: { auth_client: { data: { id: client.id, type: "auth-client" } } },
  });
  const connectUrl = String(flow.attributes["connect_url"]);

  // What each of the browser's requests means; the first two forms at the provider are its sign-in and its consent page.
  let forms = 0;
  const narrate = ({ method, url }: Request): void => {
    const { pathname } = new URL(url);
    if (url === connectUrl) say("Connect", "a person opens a link, sees who asks for what, goes on");
    else if (pathname.startsWith("/callback/oauth2/"))
      say("Callback", "back with a code, which is exchanged for the first tokens");
    else if (url.startsWith(issuer) && method === "POST" && ++forms === 1)
      say("Sign in", "they sign in at the provider");
    else if (url.startsWith(issuer) && method === "POST" && forms === 2)
      say("Consent", `they allow ${SCOPES.join(" and ")}`);
  };
  const browser = new UserAgent({
    fetch: async (request) => {
      const response = await fetch(request, { signal: AbortSignal.timeout(ANSWER_MS) });
      narrate(request);
      return response;
    },
  });
  await signInAndConsent(browser, connectUrl).catch(() => {
    throw new DemoFailure("The consent flow broke off before the person was back.");
  });

  const { attributes, relationships } = await api.read("the authorization", flow.links.self);
  const secret = relationships["secret"];
  if (secret === undefined)
    throw new DemoFailure(
      `The consent flow ended without a secret (${String(attributes["reason"] ?? attributes["state"])}).`,
    );
  say("Secret", "stored and sealed; from now on it keeps itself fresh");
  return `${WORKSPACE}/secrets/${secret.data.id}`;
}
