/** `/v2/auth-clients`: made, shown, deleted; and what a document must not say. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";

function newClient(changes: { credentials?: object; attributes?: object; relationships?: object } = {}) {
  return {
    data: {
      type: "auth-client",
      attributes: {
        type: "oauth2",
        name: "CRM",
        credentials: {
          client_id: "the id",
          client_secret: "sentinel-client-secret",
          auth_uri: "https://provider.example.com/authorize",
          token_uri: "https://provider.example.com/token",
          refresh_token_uri: "https://provider.example.com/token?keep=me",
          ...changes.credentials,
        },
        ...changes.attributes,
      },
      ...(changes.relationships && { relationships: changes.relationships }),
    },
  };
}

const inWorkspace = (id: string) => ({ workspace: { data: { id, type: "workspace" } } });

describe("POST /v2/auth-clients", () => {
  test("201 shows the client with its redirect URI, and never the client secret", async () => {
    const components = { data: [{ id: "5a", type: "component" }] };
    const { status, headers, body } = await call(
      "POST",
      "/v2/auth-clients",
      newClient({ credentials: { token_expires_in: 7200 }, relationships: { components } }),
    );
    expect(status).toBe(201);
    expect(headers.get("cache-control")).toBe("no-store");
    const { id } = body.data;
    expect(body).toEqual({
      data: {
        id,
        type: "auth-client",
        attributes: {
          type: "oauth2",
          name: "CRM",
          credentials: {
            client_id: "the id",
            client_secret: "********",
            auth_uri: "https://provider.example.com/authorize",
            token_uri: "https://provider.example.com/token",
            refresh_token_uri: "https://provider.example.com/token?keep=me",
            token_expires_in: 7200,
          },
          redirect_uri: `http://localhost/callback/oauth2/${id}`,
          refresh_lead_seconds: 60,
        },
        relationships: { components },
        links: { self: `/v2/auth-clients/${id}` },
      },
      meta: {},
    });
    expect((await call("GET", `/v2/auth-clients/${id}`)).body).toEqual(body);
  });

  test("12. stores the credentials sealed", async () => {
    await call("POST", "/v2/auth-clients", newClient());
    const { results } = await env.DB.prepare("SELECT * FROM auth_clients").all();
    expect(results.length).toBeGreaterThan(0);
    expect(JSON.stringify(results)).not.toContain("sentinel");
    expect(JSON.stringify(results)).not.toContain("the id");
  });

  test("201 for the media type of JSON:API too", async () => {
    const headers = { "content-type": "application/vnd.api+json; charset=utf-8" };
    expect((await call("POST", "/v2/auth-clients", newClient(), headers)).status).toBe(201);
  });

  test("400 names every problem at once, and stores nothing", async () => {
    const before = await countClients();
    const answer = await call("POST", "/v2/auth-clients", {
      data: {
        type: "auth-clients",
        id: "mine",
        attributes: {
          type: "oauth2",
          name: "",
          refresh_lead_seconds: "60",
          credentials: {
            client_id: 5,
            auth_uri: "http://provider.example.com/",
            token_uri: "https://10.0.0.1/token",
            refresh_token_uri: "https://user:pass@provider.example.com/",
            "a/b~c": true,
          },
        },
        relationships: { workspace: { data: { id: "not an id", type: "workspace" } } },
      },
      included: [],
    });
    expect(answer.status).toBe(400);
    expect(faults(answer).toSorted()).toEqual([
      "invalid_document /data/attributes/credentials/auth_uri",
      "invalid_document /data/attributes/credentials/a~1b~0c",
      "invalid_document /data/attributes/credentials/client_id",
      "invalid_document /data/attributes/credentials/client_secret",
      "invalid_document /data/attributes/credentials/refresh_token_uri",
      "invalid_document /data/attributes/credentials/token_uri",
      "invalid_document /data/attributes/name",
      "invalid_document /data/attributes/refresh_lead_seconds",
      "invalid_document /data/id",
      "invalid_document /data/relationships/workspace/data/id",
      "invalid_document /data/type",
      "invalid_document /included",
    ]);
    const details = answer.body.errors.map(({ detail }: { detail: string }) => detail);
    expect(details).toContain('"client_secret" is required.');
    expect(details).toContain('"auth_uri" must use https.');
    expect(details).toContain('"token_uri" must name a public host.');
    expect(details).toContain('"id" is not known here.');
    expect(await countClients()).toBe(before);
  });

  test.each([
    ["malformed JSON", "{", ""],
    ["no object", "[]", ""],
    ["nothing", "", ""],
    ["no data", "{}", "/data"],
    ["null", "null", ""],
  ])("400 for %s", async (_, body, pointer) => {
    const answer = await call("POST", "/v2/auth-clients", body);
    expect([answer.status, faults(answer)]).toEqual([400, [`invalid_document ${pointer}`.trim()]]);
  });

  test("415 for another media type", async () => {
    const answer = await call("POST", "/v2/auth-clients", "a=b", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect([answer.status, faults(answer)]).toEqual([415, ["unsupported_media_type"]]);
  });

  test("413 for a body over 256 KiB", async () => {
    const answer = await call("POST", "/v2/auth-clients", newClient({ attributes: { name: "x".repeat(257 * 1024) } }));
    expect([answer.status, faults(answer)]).toEqual([413, ["payload_too_large"]]);
  });
});

describe("GET /v2/auth-clients/{id}", () => {
  test("shows a workspace's client only where it is asked for from that workspace", async () => {
    const workspace = newWorkspace();
    const { body } = await call("POST", "/v2/auth-clients", newClient({ relationships: inWorkspace(workspace) }));
    const { self } = body.data.links;
    expect(body.data.relationships.workspace.data.id).toBe(workspace);
    expect((await call("GET", self)).status).toBe(404);
    expect((await call("GET", `${self}?workspace_id=${newWorkspace()}`)).status).toBe(404);
    expect((await call("GET", `${self}?workspace_id=${workspace}`)).body.data).toEqual(body.data);
  });

  test.each([crypto.randomUUID(), "x", "..%2f"])("404 for the unknown id %s", async (id) => {
    const answer = await call("GET", `/v2/auth-clients/${id}`);
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found"]]);
  });
});

describe("DELETE /v2/auth-clients/{id}", () => {
  test("204, and then it is gone", async () => {
    const { body } = await call("POST", "/v2/auth-clients", newClient());
    const { self } = body.data.links;
    expect((await call("DELETE", self)).status).toBe(204);
    expect((await call("GET", self)).status).toBe(404);
    expect((await call("DELETE", self)).status).toBe(404);
  });

  test("409 with the count while secrets are attached", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    const answer = await call("DELETE", `/v2/auth-clients/${client.id}`);
    expect([answer.status, faults(answer)]).toEqual([409, ["conflict"]]);
    expect(answer.body.errors[0].detail).toContain("1 secret");
    await call("DELETE", path);
    expect((await call("DELETE", `/v2/auth-clients/${client.id}`)).status).toBe(204);
  });

  test("ends the consent flows that are under way", async () => {
    const client = await ConnectedClient.create();
    const { body } = await client.authorize(newWorkspace());
    await call("DELETE", `/v2/auth-clients/${client.id}`);
    const opened = await call("GET", new URL(body.data.attributes.connect_url).pathname);
    expect(opened.headers.get("location")).toBe("/connect/ended?outcome=unknown_link");
  });
});

describe("a client that may be used nowhere else", () => {
  test("is not found from another workspace", async () => {
    const { body } = await call("POST", "/v2/auth-clients", newClient({ relationships: inWorkspace(newWorkspace()) }));
    const answer = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
      data: {
        type: "auth-secret",
        attributes: { name: "x", credentials: { access_token: "t" } },
        relationships: { auth_client: { data: { id: body.data.id, type: "auth-client" } } },
      },
    });
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found /data/relationships/auth_client/data/id"]]);
  });
});

async function countClients(): Promise<number> {
  return (await env.DB.prepare("SELECT count(*) AS clients FROM auth_clients").first<number>("clients")) ?? 0;
}
