/** An app at the second OAuth server of the tests, and its auth client here. Runs inside workerd. */

import { inject } from "vitest";
import { call, newBrowser } from "./api.ts";
import type { OAuth2ServerSettings, ServedRequest, ServedRequests } from "./oauth2-server-contract.ts";
import { signInAndConsent } from "./user-agent.ts";

/** This server says `invalid_request` of a refresh token that is dead, where the standard has `invalid_grant` (RFC 6749 5.2). */
const FLAVOUR = {
  errors: {
    invalid_request: [
      { class: "reauthorize", text: "token has been revoked" },
      { class: "reauthorize", text: "token has expired" },
    ],
  },
};

/** An app that is registered at the second OAuth server and here. */
export class ServerApp {
  readonly id: string;
  readonly #controlUri: string;

  private constructor(id: string, controlUri: string) {
    this.id = id;
    this.#controlUri = controlUri;
  }

  /** Registers it at the server, creates the auth client for it, and tells the server its redirect URI. */
  static async create(
    flavour: object = {},
    settings: Partial<OAuth2ServerSettings> = {},
    attributes: object = {},
  ): Promise<ServerApp> {
    const { authUri, tokenUri, controlUri } = inject("oauth2Server");
    const registered = await fetch(controlUri, { method: "POST" });
    const credentials = await registered.json<{ client_id: string; client_secret: string }>();
    const created = await call("POST", "/v2/auth-clients", {
      data: {
        type: "auth-client",
        attributes: {
          type: "oauth2",
          name: "Another app",
          credentials: { ...credentials, auth_uri: authUri, token_uri: tokenUri, refresh_token_uri: tokenUri },
          flavour: { ...FLAVOUR, ...flavour },
          ...attributes,
        },
      },
    });
    if (created.status !== 201) throw new Error(`the auth client is refused: ${JSON.stringify(created.body)}`);
    const app = new ServerApp(created.body.data.id, `${controlUri}/${credentials.client_id}`);
    await app.set({ redirect_uris: [created.body.data.attributes.redirect_uri], ...settings });
    return app;
  }

  /** Changes the client at the server. */
  async set(settings: Partial<OAuth2ServerSettings>): Promise<void> {
    await this.#control("PATCH", "", settings);
  }

  /** Takes back all that its people gave. */
  async revokeTokens(): Promise<void> {
    await this.#control("POST", "/revoke");
  }

  /** What the server has seen. */
  async served(): Promise<ServedRequests> {
    return (await this.#control("GET", "/requests")) as ServedRequests;
  }

  /** The token requests of one kind among it. */
  async tokenRequests(kind: string): Promise<ServedRequest[]> {
    return (await this.served()).requests.filter(({ grant_type }) => grant_type === kind);
  }

  /** The refreshes. */
  async refreshes(): Promise<ServedRequest[]> {
    return await this.tokenRequests("refresh_token");
  }

  async #control(method: string, what: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#controlUri + what, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${what}: ${await response.text()}`);
    return await response.json();
  }

  /** Walks a consent flow, for a new secret or another grant of one, and returns the secret's path. */
  async connect(workspace: string, secretId?: string): Promise<string> {
    const { body } = await call("POST", `/v2/workspaces/${workspace}/authorizations`, {
      data: {
        type: "authorization",
        attributes: { name: "My account", scopes: ["read", "write"] },
        relationships: {
          auth_client: { data: { id: this.id, type: "auth-client" } },
          ...(secretId !== undefined && { secret: { data: { id: secretId, type: "auth-secret" } } }),
        },
      },
    });
    await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
    return (await call("GET", body.data.links.self)).body.data.relationships.secret.links.self;
  }
}
