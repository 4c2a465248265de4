/**
 * The client library of the elastic.io platform's components, as it is published, against this server. Nothing but its
 * environment says where the server is and who is asking, as on the platform.
 */

import { PlatformApiLogicClient } from "@elastic.io/component-commons-library";
import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ClientRequest, IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { eventually } from "../support/eventually.ts";
import { useStage } from "../support/stage.ts";
import { signInAndConsent, UserAgent } from "../support/user-agent.ts";

const FLOW = "6a1c6c5d9f0e4b0011223344";
const STEP = "step_1";
/** The last event of node:http for an answer; this file's own requests are not of node:http. */
const ANSWERED = "http.client.response.finish";

const stage = useStage(3600);

/** What the library sent and was answered, in order; its repetitions after a 5xx too. */
interface Exchange {
  request: string;
  status: number | undefined;
  sentId: unknown;
  returnedId: unknown;
}

let exchanges: Exchange[] = [];

const note = (message: unknown) => {
  const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
  exchanges.push({
    request: `${request.method} ${request.path}`,
    status: response.statusCode,
    sentId: request.getHeader("x-request-id"),
    returnedId: response.headers["x-request-id"],
  });
};

beforeEach(() => {
  exchanges = [];
  subscribe(ANSWERED, note);
});

afterEach(() => {
  unsubscribe(ANSWERED, note);
  vi.unstubAllEnvs();
});

interface Login {
  username: string;
  apiKey: string;
}

const root = (): Login => ({ username: "root@example.com", apiKey: stage.server.rootKey });

/** Starts the library as the platform starts a component in this workspace. */
function componentIn(workspace: string, { username, apiKey } = root(), message = "m1"): PlatformApiLogicClient {
  const environment = {
    ELASTICIO_API_URI: stage.server.url,
    ELASTICIO_API_USERNAME: username,
    ELASTICIO_API_KEY: apiKey,
    ELASTICIO_WORKSPACE_ID: workspace,
    ELASTICIO_FLOW_ID: FLOW,
    ELASTICIO_STEP_ID: STEP,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const say = () => {};
  const logger = { trace: say, debug: say, info: say, warn: say, error: say };
  return new PlatformApiLogicClient({ logger }, {}, "test-component/1.0.0", message);
}

const newWorkspace = () => `ws-${randomUUID()}`;

interface Connected {
  /** As the provider knows it. */
  clientId: string;
  authClientId: string;
  secretId: string;
}

interface Wish {
  name?: string;
  components?: string[];
  /** The client is the workspace's own; else it is global. */
  own?: boolean;
}

/** Makes an auth client for these components, and connects an account in the workspace. */
async function connect(workspace: string, wish: Wish = {}): Promise<Connected> {
  const { name = "My CRM", components = ["component-a"], own = false } = wish;
  const credentials = await stage.provider.registerClient({ redirect_uris: [`${stage.server.url}/`] });
  const uris = {
    auth_uri: stage.provider.authUri,
    token_uri: stage.provider.tokenUri,
    refresh_token_uri: stage.provider.tokenUri,
  };
  const client = await stage.server.call("POST", "/v2/auth-clients", {
    data: {
      type: "auth-client",
      attributes: { type: "oauth2", name: "My CRM app", credentials: { ...credentials, ...uris } },
      relationships: {
        components: { data: components.map((id) => ({ id, type: "component" })) },
        ...(own && { workspace: { data: { id: workspace, type: "workspace" } } }),
      },
    },
  });
  const { id, attributes } = client.body.data;
  stage.provider.changeClient(credentials.client_id, { redirect_uris: [attributes.redirect_uri] });
  const flow = await stage.server.call("POST", `/v2/workspaces/${workspace}/authorizations`, {
    data: {
      type: "authorization",
      attributes: { name, scopes: ["openid"] },
      relationships: { auth_client: { data: { id, type: "auth-client" } } },
    },
  });
  await signInAndConsent(new UserAgent(), flow.body.data.attributes.connect_url);
  const ended = await stage.server.call("GET", flow.body.data.links.self);
  const secretId = ended.body.data.relationships.secret.data.id;
  return { clientId: credentials.client_id, authClientId: id, secretId };
}

/** Makes an API key that can do in this workspace what a component does, and nothing elsewhere. */
async function workspaceKey(workspace: string): Promise<Login> {
  const email = "component@example.com";
  const permissions = ["auth_clients.get", "auth_secret.get", "auth_secret.get_credentials", "auth_secret.refresh"];
  const { status, body } = await stage.server.call("POST", "/v2/api-keys", {
    data: {
      type: "api-key",
      attributes: { name: "Component", email, permissions: permissions.map((name) => `workspaces.${name}`) },
      relationships: { workspace: { data: { id: workspace, type: "workspace" } } },
    },
  });
  expect(status).toBe(201);
  return { username: email, apiKey: body.data.attributes.key };
}

function refreshesOf(clientId: string): number {
  return stage.provider.calls(clientId).token_requests.filter((call) => call.grant_type === "refresh_token").length;
}

/** The answer for which the library gave up. */
async function refusalOf(attempt: Promise<unknown>): Promise<{ status: number; data: unknown }> {
  const error = await attempt.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  expect(error).toHaveProperty("response");
  return (error as { response: { status: number; data: unknown } }).response;
}

describe("fetchAllSecretsForWorkspace", () => {
  test("finds every secret of the workspace and the components of its global client", async () => {
    const workspace = newWorkspace();
    const crm = await connect(workspace, { name: "CRM", components: ["component-a", "component-b"] });
    const shop = await connect(workspace, { name: "Shop", components: [] });
    await connect(newWorkspace());
    const secrets = await componentIn(workspace).fetchAllSecretsForWorkspace({ workspaceId: workspace });
    expect(secrets).toHaveLength(2);
    expect(secrets).toEqual(
      expect.arrayContaining([
        { secretId: crm.secretId, secretName: "CRM", componentIds: ["component-a", "component-b"] },
        { secretId: shop.secretId, secretName: "Shop", componentIds: [] },
      ]),
    );
  });

  test("finds them all, though it reads one page and the pages that others ask for hold 20", async () => {
    const workspace = newWorkspace();
    const { authClientId } = await connect(workspace);
    for (let made = 1; made < 25; made++) {
      const imported = await stage.server.call("POST", `/v2/workspaces/${workspace}/secrets`, {
        data: {
          type: "auth-secret",
          attributes: { name: `Imported ${made}`, credentials: { access_token: "a", expires_in: 3600 } },
          relationships: { auth_client: { data: { id: authClientId, type: "auth-client" } } },
        },
      });
      expect(imported.status).toBe(201);
    }
    const secrets = await componentIn(workspace).fetchAllSecretsForWorkspace({ workspaceId: workspace });
    expect(secrets).toHaveLength(25);
  });

  test("with a workspace's key reads the workspace's own clients, too, without naming it", async () => {
    const workspace = newWorkspace();
    const own = await connect(workspace, { name: "Own", components: ["component-own"], own: true });
    const global = await connect(workspace, { name: "Global", components: ["component-global"] });
    const component = componentIn(workspace, await workspaceKey(workspace));
    const secrets = await component.fetchAllSecretsForWorkspace({ workspaceId: workspace });
    expect(secrets).toHaveLength(2);
    expect(secrets).toEqual(
      expect.arrayContaining([
        { secretId: own.secretId, secretName: "Own", componentIds: ["component-own"] },
        { secretId: global.secretId, secretName: "Global", componentIds: ["component-global"] },
      ]),
    );
    expect(exchanges.map(({ request }) => request)).toContain(`GET /v2/auth-clients/${own.authClientId}`);
  });

  test("with a workspace's key gives another workspace's secrets to nobody", async () => {
    const [workspace, other] = [newWorkspace(), newWorkspace()];
    await connect(other);
    const component = componentIn(workspace, await workspaceKey(workspace));
    const { status } = await refusalOf(component.fetchAllSecretsForWorkspace({ workspaceId: other }));
    expect(status).toBe(404);
  });
});

describe("fetchSecretById", () => {
  test("reads a valid token, the seconds that it has left, and what the secret belongs to", async () => {
    const workspace = newWorkspace();
    const { authClientId, secretId } = await connect(workspace, { name: "CRM" });
    const secret = await componentIn(workspace).fetchSecretById({ secretId });
    expect(secret).toMatchObject({
      id: secretId,
      type: "auth-secret",
      attributes: {
        name: "CRM",
        type: "oauth2",
        state: "ready",
        error: null,
        credentials: {
          access_token: expect.stringMatching(/./),
          token_type: "Bearer",
          expires_in: expect.toSatisfy((left: unknown) => Number.isInteger(left)),
        },
      },
      relationships: {
        workspace: { data: { id: workspace, type: "workspace" } },
        auth_client: { data: { id: authClientId, type: "auth-client" } },
      },
      links: { self: `/v2/workspaces/${workspace}/secrets/${secretId}` },
    });
    const { expires_in } = secret.attributes.credentials;
    expect(expires_in).toBeGreaterThan(3500);
    expect(expires_in).toBeLessThanOrEqual(3600);
  });

  test("reads it with a workspace's key", async () => {
    const workspace = newWorkspace();
    const { secretId } = await connect(workspace, { own: true });
    const component = componentIn(workspace, await workspaceKey(workspace));
    const secret = await component.fetchSecretById({ secretId });
    expect(secret.attributes.credentials.access_token).toMatch(/./);
  });

  test("404 for a secret that does not exist, asked for once", async () => {
    const workspace = newWorkspace();
    const path = `/v2/workspaces/${workspace}/secrets/${randomUUID()}`;
    const { status, data } = await refusalOf(
      componentIn(workspace).fetchSecretById({ secretId: path.split("/").at(-1) }),
    );
    expect(status).toBe(404);
    expect(data).toMatchObject({ errors: [{ status: "404", code: "not_found" }] });
    expect(exchanges.map(({ request }) => request)).toEqual([`GET ${path}`]);
  });

  test("404 for a secret of another workspace", async () => {
    const { secretId } = await connect(newWorkspace());
    const { status } = await refusalOf(componentIn(newWorkspace()).fetchSecretById({ secretId }));
    expect(status).toBe(404);
  });

  test("401 with a wrong key, asked for once", async () => {
    const workspace = newWorkspace();
    const { secretId } = await connect(workspace);
    const wrong = { ...root(), apiKey: `${stage.server.rootKey.slice(1)}x` };
    const { status, data } = await refusalOf(componentIn(workspace, wrong).fetchSecretById({ secretId }));
    expect(status).toBe(401);
    expect(data).toMatchObject({ errors: [{ status: "401", code: "unauthenticated" }] });
    expect(exchanges).toHaveLength(1);
  });

  test("401 with another's e-mail beside a key", async () => {
    const workspace = newWorkspace();
    const { secretId } = await connect(workspace);
    const login = { ...(await workspaceKey(workspace)), username: "other@example.com" };
    const { status } = await refusalOf(componentIn(workspace, login).fetchSecretById({ secretId }));
    expect(status).toBe(401);
  });
});

describe("refreshTokenBySecretId", () => {
  test("gives a new token of the next version, which is what everybody reads from then on", async () => {
    const workspace = newWorkspace();
    const { clientId, secretId } = await connect(workspace);
    const component = componentIn(workspace);
    const before = await component.fetchSecretById({ secretId });
    const renewed = await component.refreshTokenBySecretId({ secretId });
    expect(renewed).toMatchObject({ id: secretId, type: "auth-secret", attributes: { state: "ready" } });
    expect(renewed.attributes.version).toBe(before.attributes.version + 1);
    const { access_token } = renewed.attributes.credentials;
    expect(access_token).not.toBe(before.attributes.credentials.access_token);
    const after = await component.fetchSecretById({ secretId });
    expect(after.attributes.credentials.access_token).toBe(access_token);
    expect(refreshesOf(clientId)).toBe(1);
  });

  test("by 100 at once gives all of them the same new token, and the provider is asked once", async () => {
    const workspace = newWorkspace();
    const { clientId, secretId } = await connect(workspace);
    const component = componentIn(workspace);
    const before = await component.fetchSecretById({ secretId });
    exchanges = [];
    // Slow enough that all of them meet while it is under way.
    stage.provider.setFault(clientId, { delay_ms: 1000, grant_type: "refresh_token" });
    const renewed = await Promise.all(
      Array.from({ length: 100 }, () => component.refreshTokenBySecretId({ secretId })),
    );
    const tokens = new Set(renewed.map(({ attributes }) => attributes.credentials.access_token));
    expect(tokens.size).toBe(1);
    expect(tokens).not.toContain(before.attributes.credentials.access_token);
    expect(new Set(renewed.map(({ attributes }) => attributes.version))).toEqual(
      new Set([before.attributes.version + 1]),
    );
    expect(refreshesOf(clientId)).toBe(1);
    // None of them had to be repeated.
    expect(exchanges.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
  });

  test("404 for a secret that does not exist", async () => {
    const workspace = newWorkspace();
    const { status } = await refusalOf(componentIn(workspace).refreshTokenBySecretId({ secretId: randomUUID() }));
    expect(status).toBe(404);
  });
});

describe("the x-request-id of the library", () => {
  test("comes back with the answer and stands in the server's log", async () => {
    const workspace = newWorkspace();
    const { secretId } = await connect(workspace);
    const message = randomUUID();
    // A read that goes well has no line of its own (docs/decisions/0017).
    await componentIn(workspace, root(), message).refreshTokenBySecretId({ secretId });
    const id = `f:${FLOW};s:${STEP};m:${message}`;
    expect(exchanges).toMatchObject([{ sentId: id, returnedId: id, status: 200 }]);
    await eventually(() => expect(stage.server.output).toContain(`"request_id":"${id}"`));
  });
});
