/** Whoever may edit an auth client, and not see credentials: no edit of theirs brings a token to light, and none brings a refresh token to anybody. */

import { expect, test } from "vitest";
import type { Permission } from "../../src/domain/permissions.ts";
import { call, newWorkspace } from "../support/api.ts";
import { newKey } from "../support/keys.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

const TOKENS = {
  access_token: "access-sentinel-0123456789",
  refresh_token: "refresh-sentinel-0123456789",
  expires_in: 3600,
};
const EDITOR: Permission[] = [
  "workspaces.auth_clients.edit",
  "workspaces.auth_secret.get",
  "workspaces.auth_secret.refresh",
];

/** A provider that answers so, a client there, a secret of it, and an editor. */
async function setUp(answer: object, flavour: object) {
  const provider = new ScriptedProvider();
  const headers = { "content-type": "application/json" };
  await provider.play({ status: 200, headers, body: JSON.stringify(answer) });
  const workspace = newWorkspace();
  const relationships = { workspace: { data: { id: workspace, type: "workspace" } } };
  const uri = provider.at("https://a.example/token");
  const uris = { auth_uri: provider.at("https://a.example/authorize"), token_uri: uri, refresh_token_uri: uri };
  const credentials = { client_id: "i", client_secret: "s", ...uris };
  const made = await call("POST", "/v2/auth-clients", {
    data: { type: "auth-client", attributes: { type: "oauth2", name: "c", credentials, flavour }, relationships },
  });
  const client: string = made.body.data.links.self;
  const connect = async () => {
    const before = { access_token: "access-before-0123456789", refresh_token: "refresh-before-0123456789" };
    const secret = await call("POST", `/v2/workspaces/${workspace}/secrets`, {
      data: {
        type: "auth-secret",
        attributes: { name: "s", credentials: { ...before, expires_in: 3600 } },
        relationships: { auth_client: { data: { id: made.body.data.id, type: "auth-client" } } },
      },
    });
    return secret.body.data.links.self as string;
  };
  const { key } = await newKey(EDITOR, { level: "workspace", id: workspace });
  const as = { authorization: `Bearer ${key}` };
  const edit = async (changed: object) =>
    await call("PATCH", client, { data: { type: "auth-client", attributes: { flavour: changed } } }, as);
  return { provider, connect, edit, as };
}

test.each([
  ["field_names", { field_names: { scope: "refresh_token" } }],
  ["field_names", { field_names: { scope: "access_token" } }],
  ["field_names", { field_names: { access_token: "refresh_token" } }],
  ["response_root", { response_root: "elsewhere" }],
  ["refresh/field_names", { refresh: { field_names: { scope: "refresh_token" } } }],
])("they cannot change %s to %j once there are secrets (SECURITY 18)", async (member, flavour) => {
  const { connect, edit } = await setUp(TOKENS, {});
  await connect();
  const { status, body } = await edit(flavour);
  expect([status, body.errors[0].source.pointer]).toEqual([409, `/data/attributes/flavour/${member}`]);
});

test("they cannot make a refresh token something else by forgetting its name (SECURITY 18)", async () => {
  const { connect, edit } = await setUp(TOKENS, { field_names: { refresh_token: "renewal" } });
  await connect();
  expect((await edit({})).status).toBe(409);
});

test("they cannot move the upgrade to another address of the host (SECURITY 18)", async () => {
  const { connect, edit, provider } = await setUp(TOKENS, {});
  await connect();
  const upgrade = { uri: provider.at("https://a.example/echo"), grant_type: "x" };
  expect((await edit({ upgrade })).status).toBe(409);
});

test("they can change all of it before there are secrets, and what else there is afterwards", async () => {
  const { connect, edit } = await setUp(TOKENS, {});
  expect((await edit({ field_names: { scope: "scopes" } })).status).toBe(200);
  await connect();
  expect((await edit({ field_names: { scope: "scopes" }, default_scopes: ["read"] })).status).toBe(200);
});

test.each(["refresh_token", "access_token"])(
  "a scope that is read from %s is not shown (SECURITY 18)",
  async (member) => {
    const { connect, as } = await setUp(TOKENS, { field_names: { scope: member } });
    const path = await connect();
    expect((await call("POST", `${path}/refresh`, undefined, as)).status).toBe(200);
    const { body } = await call("GET", path, undefined, as);
    expect([body.data.attributes.scope, body.data.attributes.version]).toEqual([null, 2]);
  },
);
