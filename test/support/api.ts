/**
 * Asks the Worker under test as a caller with the root key would, and steers the provider's clients. Runs inside workerd. Every answer
 * is held against the Worker's own OpenAPI document.
 */

import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, inject } from "vitest";
import { Contract, type Description } from "./contract.ts";
import { eventually } from "./eventually.ts";
import { keepSecret, watch } from "./sentinel.ts";
import type { ClientChanges, ClientRequest, TokenCalls, TokenFault } from "./provider-contract.ts";
import { signInAndConsent, UserAgent } from "./user-agent.ts";

export const ORIGIN = "http://localhost";
const LONGER_THAN_ANYBODY_WAITS = 600_000;

export interface Answer {
  status: number;
  headers: Headers;
  // Tests look into documents of many shapes.
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

let known: Contract | undefined;

/** What the Worker says of itself, and what of it has been seen in this file. */
export async function contract(): Promise<Contract> {
  if (known === undefined) {
    const response = await exports.default.fetch(`${ORIGIN}/openapi.json`);
    known = new Contract(await response.json<Description>());
  }
  return known;
}

/** Sends a request to the Worker, with other settings where they are given. Throws when the answer is not as documented. */
export async function ask(request: Request, settings?: object): Promise<Response> {
  const sent = await request.clone().text();
  const response = await fetchFrom(request, settings);
  const { status, headers } = response;
  const text = await response.clone().text();
  watch(`the answer to ${request.method} ${new URL(request.url).pathname}`, JSON.stringify([...headers]) + text);
  (await contract()).check({ method: request.method, url: request.url, sent, status, headers, text });
  return response;
}

async function fetchFrom(request: Request, settings?: object): Promise<Response> {
  if (settings === undefined) return await exports.default.fetch(request);
  const { default: app } = await import("../../src/worker.ts");
  return await app.fetch(request, { ...env, ...settings }, createExecutionContext());
}

/** Sends a request with the root key, unless `headers` says otherwise. An object is sent as JSON. */
export async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await ask(
    new Request(ORIGIN + path, {
      method,
      headers: {
        authorization: `Bearer ${env.ROOT_API_KEY}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      redirect: "manual",
    }),
  );
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** The codes and pointers of an error document, in its order. */
export function faults({ body }: Answer): string[] {
  return body.errors.map((error: { code: string; source?: { pointer?: string; parameter?: string } }) =>
    `${error.code} ${error.source?.pointer ?? error.source?.parameter ?? ""}`.trim(),
  );
}

/** A browser that reaches the Worker under test and the provider. */
export function newBrowser(): UserAgent {
  return new UserAgent({
    fetch: (request) => (request.url.startsWith(`${ORIGIN}/`) ? ask(request) : fetch(request)),
  });
}

/** One client at the provider, and its registration here. */
export class ConnectedClient {
  readonly id: string;
  readonly redirectUri: string;
  /** Its id at the provider. */
  readonly clientId: string;
  readonly #clientSecret: string;
  readonly #controlUri: string;

  private constructor(id: string, redirectUri: string, credentials: { client_id: string; client_secret: string }) {
    this.id = id;
    this.redirectUri = redirectUri;
    this.clientId = credentials.client_id;
    this.#clientSecret = credentials.client_secret;
    this.#controlUri = `${inject("provider").controlUri}/${credentials.client_id}`;
  }

  /** Registers a client at the provider, creates the auth client for it, and tells the provider its redirect URI. */
  static async create(
    settings: ClientRequest = {},
    stated: object = {},
    attributes: object = {},
  ): Promise<ConnectedClient> {
    const { authUri, tokenUri, controlUri } = inject("provider");
    const registered = await fetch(controlUri, {
      method: "POST",
      body: JSON.stringify(
        settings.grant_types === undefined ? { redirect_uris: [`${ORIGIN}/`], ...settings } : settings,
      ),
    });
    const { client_id, client_secret } = await registered.json<{ client_id: string; client_secret: string }>();
    keepSecret(client_secret);
    const credentials = { client_id, ...(client_secret !== "" && { client_secret }) };
    const created = await call("POST", "/v2/auth-clients", {
      data: {
        type: "auth-client",
        attributes: {
          type: "oauth2",
          name: "Test app",
          ...attributes,
          credentials: {
            ...credentials,
            auth_uri: authUri,
            token_uri: tokenUri,
            refresh_token_uri: tokenUri,
            ...stated,
          },
        },
      },
    });
    if (created.status !== 201) throw new Error(`The client was not created: ${JSON.stringify(created.body)}`);
    const { id, attributes: shown } = created.body.data;
    const client = new ConnectedClient(id, shown.redirect_uri, { client_id, client_secret });
    if (settings.grant_types === undefined) await client.change({ redirect_uris: [shown.redirect_uri] });
    return client;
  }

  /** Where its tokens come from. */
  get host(): string {
    return new URL(inject("provider").tokenUri).host;
  }

  get relationships() {
    return { auth_client: { data: { id: this.id, type: "auth-client" } } };
  }

  async change(settings: ClientChanges): Promise<void> {
    await this.#control("PATCH", "", settings);
  }

  async fault(fault: TokenFault | null): Promise<void> {
    await this.#control("PUT", "/fault", fault);
  }

  /** Holds back the answer to the next request that there is, or what a fault makes of it, until it is released. */
  async hold(fault: TokenFault = {}): Promise<void> {
    await this.fault({ delay_ms: LONGER_THAN_ANYBODY_WAITS, times: 1, ...fault });
  }

  /** Lets go the answers that are held back now. */
  async release(): Promise<void> {
    await this.#control("POST", "/release");
  }

  async revokeGrants(): Promise<void> {
    await this.#control("POST", "/revoke");
  }

  /** What the provider's token endpoint has seen of this client. */
  async calls(): Promise<TokenCalls> {
    return (await this.#control("GET", "/calls")) as TokenCalls;
  }

  /** How many refreshes the provider has seen. */
  async refreshes(): Promise<number> {
    return await this.requests("refresh_token");
  }

  /** Resolves when the provider has seen this many refreshes, in all. */
  async refreshesAre(count: number): Promise<void> {
    await eventually(async () => {
      const seen = await this.refreshes();
      if (seen !== count) throw new Error(`The provider has seen ${seen} refreshes, not ${count}.`);
    });
  }

  /** How many token requests of one grant type the provider has seen. */
  async requests(grantType: string): Promise<number> {
    const { token_requests } = await this.calls();
    return token_requests.filter(({ grant_type }) => grant_type === grantType).length;
  }

  /** Sends a refresh token to the provider behind the service's back, as a thief or a second holder would. */
  async spend(refreshToken: string): Promise<{ status: number; body: Record<string, string> }> {
    const response = await fetch(inject("provider").tokenUri, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: refreshToken,
        client_id: this.clientId,
        client_secret: this.#clientSecret,
      }),
    });
    return { status: response.status, body: await response.json() };
  }

  async #control(method: string, what: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#controlUri + what, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${what}: ${await response.text()}`);
    return await response.json();
  }

  /** Starts a consent flow and returns its document. */
  async authorize(workspace: string, attributes: object = {}, relationships: object = {}): Promise<Answer> {
    return await call("POST", `/v2/workspaces/${workspace}/authorizations`, {
      data: {
        type: "authorization",
        attributes: { name: "My account", scopes: ["openid", "offline_access"], ...attributes },
        relationships: { ...this.relationships, ...relationships },
      },
    });
  }

  /** Walks a whole consent flow and returns the path of the secret that it makes. */
  async connect(workspace: string, attributes: object = {}): Promise<string> {
    const { body } = await this.authorize(workspace, attributes);
    await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
    const { body: ended } = await call("GET", body.data.links.self);
    return ended.data.relationships.secret.links.self;
  }
}

/** A workspace of its own for each test. */
export function newWorkspace(): string {
  return `ws-${crypto.randomUUID()}`;
}

/** The stub of a secret's actor, for looking behind the door. */
export function actorOf(secretPath: string): DurableObjectStub {
  const [, workspace, id] = /workspaces\/([^/]+)\/secrets\/([^/]+)$/.exec(secretPath) ?? [];
  return env.SECRETS.get(env.SECRETS.idFromName(`${workspace}/${id}`));
}

/** Waits until a secret whose renewal is due now has been renewed: its alarm is rung, unless it rang by itself and is under way. */
export async function expectRenewed(secretPath: string, version: number): Promise<void> {
  await runDurableObjectAlarm(actorOf(secretPath));
  await eventually(async () => {
    const { attributes } = (await call("GET", secretPath)).body.data;
    expect(attributes).toMatchObject({ version, health: { status: "ok" } });
  });
}
