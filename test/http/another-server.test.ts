/** The whole path against a second real OAuth server, which has other habits than the OpenID provider of the other tests. */

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, inject, test } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import type { OAuth2ServerSettings } from "../support/oauth2-server-contract.ts";
import { ServerApp } from "../support/server-app.ts";

const MINUTE = 60_000;

async function expiryOf(path: string): Promise<number> {
  const record = await runInDurableObject(actorOf(path), (_, { storage }) => storage.kv.get<ActorRecord>("record"));
  if (record?.secret?.expiresAt == null) throw new Error("the secret has no expiry");
  return record.secret.expiresAt;
}

describe.each(["body", "basic"] as const)("a client that authenticates by %s", (client_auth) => {
  test("is consented to, read, and renewed with rotation, again and again", async () => {
    const app = await ServerApp.create({ client_auth });
    const path = await app.connect(newWorkspace());
    const { body: first } = await call("GET", `${path}/token`);
    expect(first).toMatchObject({ token_type: "Bearer", scope: "read write", version: 1, health: "ok" });

    const tokens = [first.access_token];
    for (const version of [1, 2, 3]) {
      const renewed = await call("POST", `${path}/refresh?rejected_version=${version}`);
      expect([renewed.status, renewed.body.data.attributes.version]).toEqual([200, version + 1]);
      tokens.push(renewed.body.data.attributes.credentials.access_token);
    }
    expect(new Set(tokens).size).toBe(4);
    expect((await app.served()).requests).toEqual(
      ["authorization_code", "refresh_token", "refresh_token", "refresh_token"].map((grant_type) => ({
        endpoint: "token",
        grant_type,
        authentication: client_auth,
        status: 200,
      })),
    );
  });

  test("whose secret was changed at the server is misconfigured, until it is corrected here", async () => {
    const app = await ServerApp.create({ client_auth });
    const path = await app.connect(newWorkspace());
    await app.set({ client_secret: "the-next_one" });
    const refused = await call("POST", `${path}/refresh`);
    expect([refused.status, refused.body.errors[0].code]).toEqual([424, "client_misconfigured"]);
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ version: 1, health: "client_misconfigured" });

    const attributes = { credentials: { client_secret: "the-next_one" } };
    const changed = await call("PATCH", `/v2/auth-clients/${app.id}`, { data: { type: "auth-client", attributes } });
    expect(changed.status).toBe(200);
    await eventually(async () =>
      expect((await call("GET", `${path}/token`)).body).toMatchObject({ version: 2, health: "ok" }),
    );
    expect((await app.refreshes()).map(({ status }) => status)).toEqual([401, 200]);
  });
});

describe("an expiry that no answer tells", () => {
  /** Whether the expiry is known that the server gave the token, and how often introspection was asked. */
  async function known(settings: Partial<OAuth2ServerSettings>): Promise<{ isInTenMinutes: boolean; asked: string[] }> {
    const introspect_uri = inject("oauth2Server").introspectionUri;
    const app = await ServerApp.create({ introspect_uri }, { expiry_untold: true, ...settings });
    const before = Date.now();
    const path = await app.connect(newWorkspace());
    const { requests } = await app.served();
    const asked = requests.filter(({ endpoint }) => endpoint === "introspect");
    const issuedAt = (await expiryOf(path)) - 600_000;
    // It is told in whole seconds.
    const isInTenMinutes = issuedAt > before - 1000 && issuedAt <= Date.now();
    return { isInTenMinutes, asked: asked.map(({ authentication, status }) => `${authentication} ${status}`) };
  }

  test("is what introspection tells", async () => {
    const { isInTenMinutes, asked } = await known({ opaque_tokens: true });
    expect(asked).toEqual(["body 200"]);
    expect(isInTenMinutes).toBe(true);
  });

  test("is what the token itself tells, and nobody is asked", async () => {
    const { isInTenMinutes, asked } = await known({ opaque_tokens: false });
    expect(asked).toEqual([]);
    expect(isInTenMinutes).toBe(true);
  });
});

describe("at expiry", () => {
  test("fifty readers and refreshes cause one token request, and every one gets its token", async () => {
    const app = await ServerApp.create({}, { delay_ms: 200 });
    const path = await app.connect(newWorkspace());
    stopClock((await expiryOf(path)) + 1000);

    const [reads, refreshes] = await Promise.all([
      Promise.all(Array.from({ length: 25 }, () => call("GET", `${path}/token`))),
      Promise.all(Array.from({ length: 25 }, () => call("POST", `${path}/refresh`))),
    ]);
    expect(new Set([...reads, ...refreshes].map(({ status }) => status))).toEqual(new Set([200]));
    const tokens = [
      ...reads.map(({ body }) => body.access_token),
      ...refreshes.map(({ body }) => body.data.attributes.credentials.access_token),
    ];
    expect(new Set(tokens).size).toBe(1);
    expect((await app.refreshes()).map(({ status }) => status)).toEqual([200]);
    expect((await app.served()).most_in_flight).toBe(1);
  });
});

describe("a grant that is revoked at the server", () => {
  test("needs a person, says so in this server's own dialect, and is whole again after another consent", async () => {
    const app = await ServerApp.create();
    const workspace = newWorkspace();
    const path = await app.connect(workspace);
    await app.revokeTokens();

    const refused = await call("POST", `${path}/refresh`);
    expect([refused.status, refused.body.errors[0].code]).toEqual([424, "reauthorization_required"]);
    expect((await call("GET", path)).body.data.attributes).toMatchObject({
      state: "error",
      health: { status: "needs_reauthorization" },
    });
    // Once more, to be sure, and never again.
    expect((await app.refreshes()).map(({ status }) => status)).toEqual([400, 400]);
    travelTo((await expiryOf(path)) + MINUTE);
    expect((await call("GET", `${path}/token`)).status).toBe(424);
    expect(await app.refreshes()).toHaveLength(2);

    await app.connect(workspace, path.split("/").at(-1));
    expect((await call("GET", `${path}/token`)).body).toMatchObject({ version: 2, health: "ok" });
  });

  test("would be taken for trouble with the client, had nobody said what its code means", async () => {
    const app = await ServerApp.create({ errors: {} });
    const path = await app.connect(newWorkspace());
    await app.revokeTokens();
    const refused = await call("POST", `${path}/refresh`);
    expect([refused.status, refused.body.errors[0].code]).toEqual([424, "client_misconfigured"]);
  });
});

describe.each(["body", "basic"] as const)(
  "an app of its own, without people, that authenticates by %s",
  (client_auth) => {
    const create = (app: ServerApp, credentials: object) =>
      call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
        data: {
          type: "auth-secret",
          attributes: { name: "Machine", credentials },
          relationships: { auth_client: { data: { id: app.id, type: "auth-client" } } },
        },
      });

    test("gets its token when its secret is made, and one more at expiry however many read", async () => {
      const app = await ServerApp.create({ client_auth }, {}, { grant_type: "client_credentials" });
      const created = await create(app, { scope: "read write" });
      expect(created.status).toBe(201);
      const path = created.body.data.links.self;
      const { body: first } = await call("GET", `${path}/token`);
      expect(first).toMatchObject({ token_type: "Bearer", scope: "read write", version: 1, health: "ok" });

      await app.set({ delay_ms: 200 });
      travelTo((await expiryOf(path)) + 1000);
      const reads = await Promise.all(Array.from({ length: 50 }, () => call("GET", `${path}/token`)));
      expect(new Set(reads.map(({ status, body }) => `${status} ${body.version}`))).toEqual(new Set(["200 2"]));
      const asked = await app.tokenRequests("client_credentials");
      expect(asked.map(({ authentication, status }) => `${authentication} ${status}`)).toEqual([
        `${client_auth} 200`,
        `${client_auth} 200`,
      ]);
    });

    test("is told at once when the server refuses it, and misconfigured when it does so later", async () => {
      const app = await ServerApp.create({ client_auth }, {}, { grant_type: "client_credentials" });
      const refused = await create(app, { scope: "everything" });
      expect([refused.status, refused.body.errors[0].code]).toEqual([424, "provider_refused"]);

      const path = (await create(app, { scope: "read" })).body.data.links.self;
      await app.set({ client_secret: "the-next_one" });
      expect((await call("POST", `${path}/refresh`)).body.errors[0].code).toBe("client_misconfigured");
      const attributes = { credentials: { client_secret: "the-next_one" } };
      await call("PATCH", `/v2/auth-clients/${app.id}`, { data: { type: "auth-client", attributes } });
      await eventually(async () =>
        expect((await call("GET", `${path}/token`)).body).toMatchObject({ version: 2, health: "ok" }),
      );
    });
  },
);
