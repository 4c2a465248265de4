/** Auth clients in the console: each part is changed by a form of its own, and what was registered at a provider stays true. */

import { exportPKCS8, generateKeyPair } from "jose";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { call, newWorkspace, ORIGIN } from "../support/api.ts";
import { formsOf, type Page, Person } from "../support/console.ts";
import { newTenancy } from "../support/keys.ts";

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;
const FLAVOUR = `${ATTRIBUTES}/flavour`;
const workspace = newWorkspace();
const base = `/console/workspaces/${workspace}`;
let root: Person;

beforeAll(async () => {
  root = await Person.signedIn();
});

async function made(attributes: object, credentials: object): Promise<{ id: string; path: string }> {
  const { status, body } = await call("POST", "/v2/auth-clients", {
    data: {
      type: "auth-client",
      attributes: { type: "oauth2", name: "Made", ...attributes, credentials: { client_id: "c", ...credentials } },
      relationships: { workspace: { data: { id: workspace, type: "workspace" } } },
    },
  });
  expect([status, body.errors]).toEqual([201, undefined]);
  return { id: body.data.id, path: `${base}/clients/${body.data.id}` };
}

async function attributesOf(id: string): Promise<Record<string, unknown> & { credentials: Record<string, unknown> }> {
  return (await call("GET", `/v2/auth-clients/${id}?workspace_id=${workspace}`)).body.data.attributes;
}

async function change(path: string, form: string, fields: Record<string, string> = {}): Promise<Page> {
  return await root.submit(await root.get(path), `${path}?form=${form}`, fields);
}

async function newPrivateKey(): Promise<string> {
  return await exportPKCS8((await generateKeyPair("RS256", { extractable: true })).privateKey);
}

const uris = () => {
  const { tokenUri } = inject("provider");
  return { auth_uri: `${ORIGIN}/auth`, token_uri: tokenUri, refresh_token_uri: tokenUri };
};

describe("a change", () => {
  test("of the name sends nothing else: no value of a preset is pinned", async () => {
    const { id, path } = await made({ provider: "google" }, { client_secret: "s" });
    const before = await attributesOf(id);
    const answer = await change(path, "name", { [`${ATTRIBUTES}/name`]: "Renamed" });
    expect(answer.location).toBe(`${path}?notice=saved`);
    await change(path, "advanced");
    expect(await attributesOf(id)).toEqual({ ...before, name: "Renamed" });
    const form = formsOf(await root.get(path)).find(({ action }) => action.endsWith("form=name"));
    expect([...(form?.fields.keys() ?? [])]).toEqual(["csrf", `${ATTRIBUTES}/name`]);
  });

  test("of secrets sets the next one and removes it again", async () => {
    const { id, path } = await made({}, { client_secret: "s", ...uris() });
    await change(path, "secret", { [`${CREDENTIALS}/next_client_secret`]: "marker-next" });
    expect((await attributesOf(id)).credentials["next_client_secret"]).toBe("********");
    expect((await root.get(path)).text).not.toContain("marker-next");
    await change(path, "secret", { remove_next: "yes", [`${CREDENTIALS}/client_secret`]: "marker-new" });
    const { credentials } = await attributesOf(id);
    expect(credentials).toMatchObject({ client_secret: "********" });
    expect(credentials).not.toHaveProperty("next_client_secret");
  });

  test("of what is advanced sets scopes, parameters, lifetime and flavour, and takes back what is emptied", async () => {
    const { id, path } = await made({}, { client_secret: "s", ...uris() });
    const fields = {
      [`${FLAVOUR}/default_scopes`]: "openid email",
      [`${FLAVOUR}/authorize_params`]: "prompt=consent\r\nhd=example.com",
      [FLAVOUR]: '{ "pkce": "off" }',
      [`${CREDENTIALS}/token_expires_in`]: "3600",
      [`${ATTRIBUTES}/refresh_lead_seconds`]: "90",
    };
    expect((await change(path, "advanced", fields)).location).toBe(`${path}?notice=saved`);
    const set = await attributesOf(id);
    expect(set).toMatchObject({ refresh_lead_seconds: 90, credentials: { token_expires_in: 3600 } });
    expect(set["flavour"]).toEqual({
      pkce: "off",
      default_scopes: ["openid", "email"],
      authorize_params: { prompt: "consent", hd: "example.com" },
    });
    await change(path, "advanced", Object.fromEntries(Object.keys(fields).map((name) => [name, ""])));
    const emptied = await attributesOf(id);
    expect(emptied).toMatchObject({ refresh_lead_seconds: 60, flavour: {} });
    expect(emptied.credentials).not.toHaveProperty("token_expires_in");
  });

  test("that is refused stands in the form that was sent, whose address can be loaded again", async () => {
    const { path } = await made({}, { client_secret: "s", ...uris() });
    const answer = await change(path, "advanced", { [FLAVOUR]: "[1]" });
    expect([answer.status, answer.text.includes("This is no valid JSON.")]).toEqual([400, true]);
    expect(answer.text).toMatch(/<details open=""><summary>Advanced/);
    for (const address of [`${path}?form=advanced`, `${path}/diagnose`, `${path}/delete`]) {
      expect([address, (await root.open(address)).status]).toEqual([address, 200]);
    }
  });

  test("of a key makes a new one where the client signs, and replaces the one that was brought", async () => {
    const flavour = { client_auth: "private_key_jwt" };
    const signing = await made({ flavour, grant_type: "client_credentials" }, { token_uri: uris().token_uri });
    const page = await root.get(signing.path);
    expect(page.text).toContain(`/v2/auth-clients/${signing.id}/jwks.json`);
    expect(page.text).not.toContain("Change the client secret");
    // It was just made, so no other can be made yet: then there is no button.
    expect(page.text).not.toContain("Make a new key");
    const bearer = await made(
      { grant_type: "jwt_bearer" },
      { token_uri: uris().token_uri, private_key: await newPrivateKey() },
    );
    await change(bearer.path, "key", { [`${CREDENTIALS}/private_key_id`]: "key-2" });
    expect((await attributesOf(bearer.id)).credentials).toMatchObject({ private_key_id: "key-2" });
    const saved = await change(bearer.path, "key", {
      [`${CREDENTIALS}/private_key`]: await newPrivateKey(),
      [`${CREDENTIALS}/private_key_id`]: "",
    });
    expect(saved.location).toBe(`${bearer.path}?notice=saved`);
    expect((await attributesOf(bearer.id)).credentials).not.toHaveProperty("private_key_id");
  });
});

describe("a new client", () => {
  const fields = () => ({
    [`${ATTRIBUTES}/name`]: "New",
    [`${CREDENTIALS}/client_id`]: "c",
    [`${CREDENTIALS}/client_secret`]: "s",
    ...Object.fromEntries(Object.entries(uris()).map(([name, uri]) => [`${CREDENTIALS}/${name}`, uri])),
  });

  test("keeps its callback URL when the page is loaded again, is refused, or another kind is picked", async () => {
    const { location } = await root.get(`${base}/clients/new?kind=hand`);
    const id = new URL(location, ORIGIN).searchParams.get("id") ?? "";
    const page = await root.get(location);
    const refused = await root.submit(page, `${base}/clients/new`, {});
    expect(refused.status).toBe(400);
    const issuer = await root.get(`${base}/clients/new?kind=issuer&id=${id}`);
    for (const each of [page, await root.get(location), refused, issuer]) {
      expect(each.text).toContain(`/callback/oauth2/${id}"`);
    }
    const picking = formsOf(page).find(({ fields: held }) => held.has("kind"));
    expect(picking?.fields.get("id")).toBe(id);
    const created = await root.submit(refused, `${base}/clients/new`, fields());
    expect(created.location).toBe(`${base}/clients/${id}?notice=created`);
    const twice = await root.submit(refused, `${base}/clients/new`, fields());
    expect([twice.status, twice.text.includes("was created already")]).toEqual([409, true]);
  });

  test("is asked first how tokens come to be: what is asked next depends on it", async () => {
    const people = await root.open(`${base}/clients/new?kind=hand`);
    const alone = await root.open(`${base}/clients/new?kind=hand:client_credentials`);
    const bearer = await root.open(`${base}/clients/new?kind=hand:jwt_bearer`);
    const asks = ({ text }: Page, name: string) => text.includes(`name="${CREDENTIALS}/${name}"`);
    expect([people, alone, bearer].map((page) => asks(page, "client_secret"))).toEqual([true, true, false]);
    expect([people, alone, bearer].map((page) => asks(page, "private_key"))).toEqual([false, false, true]);
    expect([people, alone, bearer].map((page) => page.text.includes("Callback URL"))).toEqual([true, false, false]);
    const answer = await root.submit(alone, `${base}/clients/new`, {
      ...fields(),
      [`${FLAVOUR}/default_scopes`]: "read",
      [`${FLAVOUR}/token_params`]: "audience=here",
      [`${FLAVOUR}/client_auth`]: "basic",
    });
    const id = /clients\/([0-9a-f-]+)\?/.exec(answer.location)?.[1] ?? "";
    expect(await attributesOf(id)).toMatchObject({
      grant_type: "client_credentials",
      flavour: { client_auth: "basic", default_scopes: ["read"], token_params: { audience: "here" } },
    });
  });

  test("is for the place that is chosen, whose id is asked for by its name and known where it can be", async () => {
    const { tenant } = await newTenancy();
    const page = await root.open(`${base}/clients/new?kind=type:noauth`);
    const asked = formsOf(page).find(({ fields: held }) => held.has("level"))?.fields;
    expect(["workspace", "contract", "tenant"].map((level) => asked?.get(`${level}_id`))).toEqual([workspace, "", ""]);
    expect(page.text).toMatch(/<label for="ftenant-id">Id of the tenant<\/label>/);
    const empty = await root.submit(page, `${base}/clients/new`, { [`${ATTRIBUTES}/name`]: "T", level: "tenant" });
    expect([empty.status, empty.text.includes('id="ftenant-id-error"')]).toEqual([400, true]);
    const answer = await root.submit(page, `${base}/clients/new`, {
      [`${ATTRIBUTES}/name`]: "T",
      level: "tenant",
      tenant_id: tenant,
    });
    const id = /clients\/([0-9a-f-]+)\?/.exec(answer.location)?.[1] ?? "";
    const { body } = await call("GET", `/v2/auth-clients/${id}?tenant_id=${tenant}`);
    expect(body.data.relationships.tenant.data.id).toBe(tenant);
  });
});

describe("a new secret", () => {
  test("has inputs for the variables in URIs that were written by hand", async () => {
    const at = "https://{{fields.shop}}.example.com";
    const hosts = { "fields.shop": "[a-z]+" };
    const credentials = { auth_uri: `${at}/a`, token_uri: `${at}/t`, refresh_token_uri: `${at}/t`, client_secret: "s" };
    const { id, path } = await made({ flavour: { hosts } }, credentials);
    const page = await root.get(`${base}/secrets/new?client=${id}`);
    expect(page.text).toContain(`name="${ATTRIBUTES}/fields/shop"`);
    expect(page.text).toContain(`name="${CREDENTIALS}/fields/shop"`);
    const answer = await root.submit(page, `${base}/secrets/new?client=${id}`, {
      [`${ATTRIBUTES}/name`]: "Anna",
      [`${ATTRIBUTES}/fields/shop`]: "acme",
      consent: "link",
    });
    expect(answer.status).toBe(201);
    expect((await root.get(path)).text).toContain(`name="${ATTRIBUTES}/fields/shop"`);
  });

  test("can be of any client, however many there are", async () => {
    const { tenant, workspace: own } = await newTenancy();
    const many = 101;
    await Promise.all(
      Array.from({ length: many }, async (_, index) => {
        const { status } = await call("POST", "/v2/auth-clients", {
          data: {
            type: "auth-client",
            attributes: { type: "noauth", name: `Client ${index}.`, credentials: {} },
            relationships: { tenant: { data: { id: tenant, type: "tenant" } } },
          },
        });
        expect(status).toBe(201);
      }),
    );
    const path = `/console/workspaces/${own}/secrets/new`;
    const choices = ({ text }: Page) => [...text.matchAll(/<option value="([0-9a-f-]{36})"/g)].map(([, id]) => id);
    const [first, second] = [await root.get(path), await root.get(`${path}?page=2`)];
    expect(choices(first)).toHaveLength(100);
    expect(new Set([...choices(first), ...choices(second)]).size).toBeGreaterThanOrEqual(many);
    const found = await root.get(`${path}?find=${encodeURIComponent("CLIENT 77.")}`);
    expect(choices(found)).toHaveLength(1);
    const [id] = choices(found);
    const picked = await root.get(`${path}?client=${id}`);
    expect(picked.text).toContain("Create the secret");
    const list = await root.get(`/console/workspaces/${own}/clients?name=client%2077.`);
    expect(list.text).toContain("Client 77.");
    expect(list.text).not.toContain("Client 78.");

    const last = choices(second).at(-1) ?? "";
    const secrets = `/console/workspaces/${own}/secrets`;
    expect(choices(await root.get(secrets))).not.toContain(last);
    const secret = await call("POST", `/v2/workspaces/${own}/secrets`, {
      data: {
        type: "auth-secret",
        attributes: { name: "x", credentials: {} },
        relationships: { auth_client: { data: { id: last, type: "auth-client" } } },
      },
    });
    expect(secret.status).toBe(201);
    for (const query of ["", `?client=${last}`]) {
      const filtered = await root.get(secrets + query);
      expect(choices(filtered)).toContain(last);
      expect(filtered.text).toContain(`/clients/${last}">Client `);
    }
    expect((await root.get(`${secrets}?client=${last}`)).text).toContain(`value="${last}" selected`);
  });
});
