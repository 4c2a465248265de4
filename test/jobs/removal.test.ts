/** Deletion of a tenant, contract or workspace: unreachable at once, and gone with everything below it. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { actorOf, call, newBrowser, ORIGIN } from "../support/api.ts";
import {
  allRows,
  breakActors,
  contentOf,
  EMPTY,
  Estate,
  finish,
  jobOf,
  leftOf,
  type Level,
  makeClient,
  makeSecret,
  remove,
  secretDocument,
} from "../support/estate.ts";
import { newTenancy } from "../support/keys.ts";

const MINUTE = 60_000;

afterEach(() => void vi.restoreAllMocks());

async function statuses(asks: [method: string, path: string, body?: unknown][]): Promise<string[]> {
  return await Promise.all(
    asks.map(async ([method, path, body]) => `${(await call(method, path, body)).status} ${method} ${path}`),
  );
}

describe.each(["workspace", "contract", "tenant"] as const)("DELETE of a %s", (level) => {
  test("is unreachable at once, and leaves nothing", { timeout: 2 * MINUTE }, async () => {
    // More than two pages of the job, and alarms enough, in the first workspace alone.
    const estate = await Estate.create([120, 40, 20]);
    const id = estate.first[level];
    const shared = await makeClient("oauth2", []);
    const [secrets, flows, clients, keys] = [
      estate.split(estate.secrets, level),
      estate.split(estate.flows, level),
      estate.split(estate.clients, level),
      estate.split(estate.keys, level),
    ];
    const within = estate.workspaces.filter((around) => around.some((place) => place.id === id));
    const gone = [...new Set(within.flatMap((around) => around.slice(0, around.findIndex((p) => p.id === id) + 1)))];
    const alarms = await Promise.all(secrets.within.map(async (path) => (await contentOf(actorOf(path)))[1]));
    expect(alarms.filter((alarm) => alarm !== null).length).toBeGreaterThan(50);
    const browser = newBrowser();

    // Nothing is removed yet: all of this is because of the mark.
    const broken = breakActors();
    expect(await remove(level, id)).toBe(202);
    const related = (place: { level: string; id: string }) => ({
      [place.level]: { data: { id: place.id, type: place.level } },
    });
    const api_key = { type: "api-key", attributes: { name: "x", permissions: [] } };
    const oauth2 = {
      client_id: "a",
      client_secret: "b",
      auth_uri: ORIGIN,
      token_uri: ORIGIN,
      refresh_token_uri: ORIGIN,
    };
    const auth_client = { type: "auth-client", attributes: { type: "oauth2", name: "x", credentials: oauth2 } };
    const asks: [method: string, path: string, body?: unknown][] = [
      ...secrets.within.map((path): [string, string] => ["GET", path]),
      ...secrets.within.slice(0, 12).flatMap((path): [string, string, unknown?][] => [
        ["GET", `${path}/token`],
        ["POST", `${path}/refresh`],
        ["PATCH", path, { data: { type: "auth-secret", attributes: { name: "y" } } }],
        ["DELETE", path],
      ]),
      ...flows.within.map(({ self }): [string, string] => ["GET", self]),
      ...clients.within.flatMap((client): [string, string, unknown?][] => [
        ["GET", `/v2/auth-clients/${client}`],
        ["PATCH", `/v2/auth-clients/${client}`, { data: { type: "auth-client", attributes: { name: "y" } } }],
        ["DELETE", `/v2/auth-clients/${client}`],
      ]),
      ...keys.within.map((key): [string, string] => ["DELETE", `/v2/api-keys/${key.id}`]),
      ...gone.flatMap((place): [string, string, unknown?][] => [
        ["GET", `/v2/${place.level}s/${place.id}`],
        ["DELETE", `/v2/${place.level}s/${place.id}`],
        ["GET", `/v2/workspaces?${place.level}_id=${place.id}`],
        ["GET", `/v2/auth-clients?${place.level}_id=${place.id}`],
        ["GET", `/v2/auth-clients/${clients.within[0]}?${place.level}_id=${place.id}`],
        ["GET", `/v2/api-keys?${place.level}_id=${place.id}`],
        ["POST", "/v2/api-keys", { data: { ...api_key, relationships: related(place) } }],
        ["POST", "/v2/auth-clients", { data: { ...auth_client, relationships: related(place) } }],
      ]),
      ...gone.flatMap((place): [string, string, unknown?][] => {
        const inner = { tenant: "contract", contract: "workspace", workspace: null }[place.level];
        const data = { type: inner, attributes: { name: "x" }, relationships: related(place) };
        return inner === null ? [] : [["POST", `/v2/${inner}s`, { data }]];
      }),
      ...within.flatMap(([workspace]): [string, string, unknown?][] => [
        ["GET", `/v2/workspaces/${workspace?.id}/secrets`],
        ["POST", `/v2/workspaces/${workspace?.id}/secrets`, secretDocument(shared)],
        [
          "POST",
          `/v2/workspaces/${workspace?.id}/authorizations`,
          { data: { ...secretDocument(shared).data, type: "authorization", attributes: { name: "x", scopes: [] } } },
        ],
      ]),
    ];
    expect(await statuses(asks)).toEqual(asks.map(([method, path]) => `404 ${method} ${path}`));
    // The ids stay taken until all is gone.
    expect((await call("POST", `/v2/${level}s`, taking(estate, level))).status).toBe(409);
    for (const { headers } of keys.within) {
      expect((await call("GET", "/v2/auth-clients", undefined, headers)).status).toBe(401);
    }
    for (const { connectUrl } of flows.within) {
      expect(new URL((await browser.get(connectUrl)).url).search).toMatch(/^\?outcome=unknown_link&request=[\w-]{36}$/);
    }

    broken.mend();
    await finish(await jobOf(level, id));
    const rows = await allRows();
    const ids = [...secrets.within.map((path) => path.split("/").at(-1)), ...clients.within, ...gone.map((p) => p.id)];
    for (const each of [...ids, ...flows.within.map((flow) => flow.id), ...keys.within.map((key) => key.id)]) {
      expect(rows).not.toContain(each);
    }
    expect(await leftOf([...secrets.within, ...flows.within.map((flow) => flow.secretId)])).toEqual([]);
    expect(await contentOf(await jobOf(level, id))).toEqual(EMPTY);

    // What is beside it.
    const still: [string, string][] = [
      ...secrets.beside.map((path): [string, string] => ["GET", `${path}/token`]),
      ...flows.beside.map(({ self }): [string, string] => ["GET", self]),
    ];
    expect(await statuses(still)).toEqual(still.map(([method, path]) => `200 ${method} ${path}`));
    for (const client of clients.beside) expect(rows).toContain(client);
    for (const { headers } of keys.beside) {
      expect((await call("GET", "/v2/contracts", undefined, headers)).status).toBe(403);
    }
    // And the ids may be used again.
    expect((await call("POST", `/v2/${level}s`, taking(estate, level))).status).toBe(201);
    expect((await call("GET", `/v2/${level}s/${id}`)).status).toBe(200);
    expect(await leftOf(secrets.within)).toEqual([]);
  });
});

/** A document that takes the id of a place that is gone, in another one if it is not known any more where it was. */
function taking(estate: Estate, level: Level): unknown {
  const beside = estate.workspaces.find((around) => around.length === 3 && around.at(-1)?.id !== estate.first.tenant);
  const parent = { tenant: undefined, contract: beside?.[2], workspace: beside?.[1] }[level];
  const relationships = parent && { [parent.level]: { data: { id: parent.id, type: parent.level } } };
  return {
    data: { type: level, id: estate.first[level], attributes: { name: "again" }, ...(parent && { relationships }) },
  };
}

test("DELETE of a place with little in it is answered when all is gone: 204", async () => {
  const { contract, workspace } = await newTenancy();
  const secret = await makeSecret(workspace, await makeClient("oauth2", []), "oauth2");
  expect(await remove("contract", contract)).toBe(204);
  expect(await allRows()).not.toContain(contract);
  expect(await leftOf([secret])).toEqual([]);
  expect(await contentOf(await jobOf("contract", contract))).toEqual(EMPTY);
});

test("DELETE by two callers at once is no trouble for either", async () => {
  const { contract, workspace } = await newTenancy();
  const secret = await makeSecret(workspace, await makeClient("oauth2", []), "oauth2");
  const answers = await Promise.all([remove("contract", contract), remove("contract", contract)]);
  expect(answers.every((status) => [202, 204, 404].includes(status))).toBe(true);
  await finish(await jobOf("contract", contract));
  expect(await allRows()).not.toContain(contract);
  expect(await leftOf([secret])).toEqual([]);
});

test("DELETE of a tenant while one of its contracts is being deleted", async () => {
  const { tenant, contract, workspace } = await newTenancy();
  const secret = await makeSecret(workspace, await makeClient("oauth2", []), "oauth2");
  const broken = breakActors();
  expect(await remove("contract", contract)).toBe(202);
  expect(await remove("tenant", tenant)).toBe(202);
  broken.mend();
  await finish(await jobOf("tenant", tenant));
  await finish(await jobOf("contract", contract));
  expect(await allRows()).not.toContain(tenant);
  expect(await leftOf([secret])).toEqual([]);
});
