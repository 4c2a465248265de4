/** `GET …/secrets`: pages, filters, and one broken secret among others. */

import { abortAllDurableObjects, createExecutionContext, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { actorOf, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { newKey } from "../support/keys.ts";

interface Entry {
  id: string;
  attributes: { name: string };
}

async function newClient(type: string): Promise<string> {
  const attributes = { type, name: type, credentials: {} };
  return (await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } })).body.data.id;
}

async function create(workspace: string, client: string, name: string, more: { user?: string; state?: string } = {}) {
  const { status, body } = await call("POST", `/v2/workspaces/${workspace}/secrets`, {
    data: {
      type: "auth-secret",
      attributes: { name, credentials: {}, ...(more.state && { state: more.state }) },
      relationships: {
        auth_client: { data: { id: client, type: "auth-client" } },
        ...(more.user && { user: { data: { id: more.user, type: "user" } } }),
      },
    },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body.data.links.self as string;
}

const names = (data: Entry[]) => data.map(({ attributes }) => attributes.name);

describe("GET …/secrets", () => {
  const workspace = newWorkspace();
  const path = `/v2/workspaces/${workspace}/secrets`;
  let [client, other] = ["", ""];

  beforeAll(async () => {
    [client, other] = [await newClient("noauth"), await newClient("custom")];
    for (let number = 1; number <= 5; number++) {
      await create(workspace, number === 3 ? other : client, `s${number}`, {
        user: number % 2 === 0 ? "anna" : "bob",
        ...(number === 5 && { state: "error" }),
      });
    }
    await create(newWorkspace(), client, "elsewhere");
  });

  test("200 without a page is the whole list, oldest first, as each is shown alone", async () => {
    const { status, body } = await call("GET", path);
    expect([status, names(body.data)]).toEqual([200, ["s1", "s2", "s3", "s4", "s5"]]);
    expect(body.meta).toEqual({ page: 1, per_page: 100, total: 5, total_pages: 1 });
    expect((await call("GET", body.data[0].links.self)).body.data).toEqual(body.data[0]);
  });

  test("200 with a page has the links to the others, which lead there", async () => {
    const { body } = await call("GET", `${path}?page[size]=2&page[number]=2&filter[state]=ready`);
    expect(names(body.data)).toEqual(["s3", "s4"]);
    expect(body.meta).toEqual({ page: 2, per_page: 2, total: 4, total_pages: 2 });
    expect(body.links.next).toBeNull();
    expect(names((await call("GET", body.links.prev)).body.data)).toEqual(["s1", "s2"]);
    expect((await call("GET", body.links.self)).body.data).toEqual(body.data);
    expect((await call("GET", body.links.first)).body.links.next).toBe(body.links.last);
  });

  test("20 entries are a page when only its number is given", async () => {
    const { body } = await call("GET", `${path}?page[number]=1`);
    expect(body.meta).toMatchObject({ per_page: 20, total: 5 });
  });

  test("a page behind the last is empty, and leads back", async () => {
    const { body } = await call("GET", `${path}?page[size]=2&page[number]=9`);
    expect([body.data, body.meta.total, body.links.next]).toEqual([[], 5, null]);
    expect(names((await call("GET", body.links.prev)).body.data)).toEqual(["s5"]);
  });

  test.each([
    ["filter[user]=anna", ["s2", "s4"]],
    ["filter[state]=error", ["s5"]],
    ["filter[name]=S5", ["s5"]],
    ["filter[name]=%25", []],
    ["filter[user]=bob&filter[state]=ready", ["s1", "s3"]],
    ["filter[user]=nobody", []],
  ])("%s: %j", async (query, expected) => {
    expect(names((await call("GET", `${path}?${query}`)).body.data)).toEqual(expected);
  });

  test("filter[auth_client]: those of one client", async () => {
    expect(names((await call("GET", `${path}?filter[auth_client]=${other}`)).body.data)).toEqual(["s3"]);
  });

  test.each([
    ["page[size]=0", "page[size]"],
    ["page[size]=101", "page[size]"],
    ["page[number]=-1", "page[number]"],
    ["page[number]=x", "page[number]"],
    ["filter[state]=fine", "filter[state]"],
    ["filter[colour]=red", "filter[colour]"],
    ["page[offset]=1", "page[offset]"],
  ])("400 for %s", async (query, parameter) => {
    const answer = await call("GET", `${path}?${query}`);
    expect([answer.status, faults(answer)]).toEqual([400, [`invalid_document ${parameter}`]]);
  });

  test("credentials are shown only to whom may see them", async () => {
    const place = { level: "workspace", id: workspace } as const;
    const blind = await newKey(["workspaces.auth_secret.get"], place);
    const seeing = await newKey(["workspaces.auth_secret.get", "workspaces.auth_secret.get_credentials"], place);
    const shownTo = async ({ headers }: { headers: Record<string, string> }) =>
      (await call("GET", path, undefined, headers)).body.data.every(
        ({ attributes }: { attributes: object }) => "credentials" in attributes,
      );
    expect([await shownTo(blind), await shownTo(seeing)]).toEqual([false, true]);
  });
});

describe("a list with", () => {
  test("one broken secret marks its own entry", async () => {
    const workspace = newWorkspace();
    const client = await newClient("noauth");
    await create(workspace, client, "before");
    const broken = await create(workspace, client, "broken");
    await create(workspace, client, "after");
    await runInDurableObject(actorOf(broken), (_, { storage }) => {
      storage.kv.put("record", { ...storage.kv.get<object>("record"), grant: "broken" });
    });
    await abortAllDurableObjects();
    const { status, body } = await call("GET", `/v2/workspaces/${workspace}/secrets`);
    expect([status, names(body.data)]).toEqual([200, ["before", "broken", "after"]]);
    expect(body.data[1]).toMatchObject({
      attributes: {
        name: "broken",
        type: "noauth",
        state: "error",
        error: expect.stringContaining("storage_integrity"),
      },
      links: { self: broken },
      meta: { code: "storage_integrity" },
    });
    expect(body.data[1].attributes.credentials).toBeUndefined();
    expect(body.data[2].attributes.state).toBe("ready");
  });

  test("a secret that the index still knows but that is gone leaves it out", async () => {
    const workspace = newWorkspace();
    const client = await newClient("noauth");
    const gone = await create(workspace, client, "gone");
    await create(workspace, client, "there");
    await runInDurableObject(actorOf(gone), (_, { storage }) => storage.deleteAll());
    await abortAllDurableObjects();
    expect(names((await call("GET", `/v2/workspaces/${workspace}/secrets`)).body.data)).toEqual(["there"]);
  });

  test("an expired token waits for no provider, and renews it behind the answer", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const path = await client.connect(workspace);
    await client.hold();
    const { attributes } = (await call("GET", path)).body.data;
    travelTo(Date.parse(attributes.credentials.expires_at) + 1000);
    const startedAt = performance.now();
    const { body } = await call("GET", `/v2/workspaces/${workspace}/secrets`);
    // The provider has not answered yet, and who waits for it does so for twelve seconds.
    expect(performance.now() - startedAt).toBeLessThan(11_000);
    expect(body.data[0].attributes).toMatchObject({ state: "error", health: { status: "expired" } });
    expect(body.data[0].attributes.credentials.access_token).toBeUndefined();
    await client.refreshesAre(1);
    await client.release();
    expect((await call("GET", `${path}/token`)).body.version).toBe(2);
    expect(await client.refreshes()).toBe(1);
  });

  test("100 secrets reads them side by side", async () => {
    const workspace = newWorkspace();
    const client = await newClient("noauth");
    await Promise.all(Array.from({ length: 100 }, (_, number) => create(workspace, client, `s${number}`)));
    const path = `/v2/workspaces/${workspace}/secrets`;
    let [now, most] = [0, 0];
    const namespace = Object.create(env.SECRETS, {
      get: {
        value: (id: DurableObjectId) => {
          const stub = env.SECRETS.get(id) as unknown as { read(asked: unknown): Promise<unknown> };
          return {
            read: async (asked: unknown) => {
              most = Math.max(most, ++now);
              const answer = await stub.read(asked);
              now -= 1;
              return answer;
            },
          };
        },
      },
      idFromName: { value: (name: string) => env.SECRETS.idFromName(name) },
    });
    const { default: app } = await import("../../src/worker.ts");
    const request = new Request(`http://localhost${path}`, {
      headers: { authorization: `Bearer ${env.ROOT_API_KEY}` },
    });
    const answer = await app.fetch(request, { ...env, SECRETS: namespace }, createExecutionContext());
    const { data } = await answer.json<{ data: unknown[] }>();
    expect([data.length, most]).toEqual([100, 100]);
  });
});
