/** What ends up in the trail of a workspace: through the real queue, by everything that callers do. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ask, call, ConnectedClient, newBrowser, newWorkspace } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { makeClient, makeSecret } from "../support/estate.ts";
import { newKey, newTenancy } from "../support/keys.ts";
import { watchLog } from "../support/log.ts";
import { signInAndConsent } from "../support/user-agent.ts";

interface Shown {
  id: string;
  attributes: {
    event: string;
    actor: string;
    outcome: string;
    reason: string | null;
    version: number | null;
    request_id: string;
  };
  relationships: { subject: { data: { type: string; id: string } } };
}

/** Everything that is in the trail so far. */
async function trailOf(workspace: string, query = "?"): Promise<Shown[]> {
  return await eventsAt(`/v2/workspaces/${workspace}/events${query}`);
}

async function eventsAt(path: string): Promise<Shown[]> {
  const shown: Shown[] = [];
  let next: string | null = path;
  while (next !== null) {
    const { body } = await call("GET", next);
    shown.push(...body.data);
    next = body.links.next;
  }
  return shown;
}

const textOf = ({ attributes: { event, actor, outcome, reason } }: Shown) =>
  [event, actor, outcome, reason].join(" ").trim();

async function expectTrail(workspace: string, texts: string[]): Promise<Shown[]> {
  return await eventually(async () => {
    const shown = await trailOf(workspace);
    expect(shown.map(textOf).toSorted()).toEqual(texts.toSorted());
    return shown;
  });
}

async function importedInto(workspace: string): Promise<string> {
  return await makeSecret(workspace, await makeClient("oauth2", []), "oauth2");
}

const keyIn = (workspace: string, ...permissions: string[]) =>
  newKey(permissions, { level: "workspace", id: workspace });

describe("the trail of a workspace", () => {
  test("has who got credentials, by which way, and nobody who did not (SECURITY 25)", async () => {
    const workspace = newWorkspace();
    const path = await importedInto(workspace);
    await call("GET", `${path}/token`);
    await call("GET", `${path}/token`, undefined, { "if-none-match": '"1"' });
    await call("GET", path);
    await call("GET", `/v2/workspaces/${workspace}/secrets`);
    await call("PATCH", path, { data: { type: "auth-secret", attributes: { name: "New" } } });
    const reader = await keyIn(workspace, "workspaces.auth_secret.get");
    await call("GET", path, undefined, reader.headers);
    await call("GET", `${path}/token`, undefined, { ...reader.headers, "x-request-id": "denied:1" });
    const read = "secret.credentials_read root ok";
    const shown = await expectTrail(workspace, [
      ...["api_key.created root ok", "secret.created root ok", "secret.changed root ok"],
      // Made, token, whole, list, changed.
      ...[read, read, read, read, read],
      `access.denied key:${reader.id} denied forbidden`,
    ]);
    const denied = shown.find(({ attributes }) => attributes.event === "access.denied");
    expect([denied?.attributes.request_id, denied?.relationships.subject.data]).toEqual([
      "denied:1",
      { type: "route", id: "GET /v2/workspaces/:workspace/secrets/:id/token" },
    ]);
    const ofSecret = await trailOf(
      workspace,
      `?filter[subject]=${path.split("/").at(-1)}&filter[type]=secret.credentials_read`,
    );
    expect(ofSecret.map(({ attributes }) => attributes.version)).toEqual([1, 1, 1, 1, 1]);
    expect(JSON.stringify(shown)).not.toMatch(/access_token|refresh_token|client_secret/);
  });

  test("has clients, keys and what their holders were refused elsewhere, and nothing of strangers (SECURITY 25)", async () => {
    const workspace = newWorkspace();
    const at = { workspace: { data: { id: workspace, type: "workspace" } } };
    const attributes = { type: "noauth", name: "x", credentials: {} };
    const { body } = await call("POST", "/v2/auth-clients", {
      data: { type: "auth-client", attributes, relationships: at },
    });
    const client = body.data.links.self;
    await call("PATCH", client, { data: { type: "auth-client", attributes: { name: "y" } } });
    await call("DELETE", client);
    const stranger = await keyIn(newWorkspace(), "workspaces.auth_secret.get");
    await call("GET", `/v2/workspaces/${workspace}/secrets`, undefined, stranger.headers);
    const own = await keyIn(workspace, "workspaces.auth_secret.get");
    await call("GET", `/v2/workspaces/${newWorkspace()}/secrets`, undefined, own.headers);
    const shown = await expectTrail(workspace, [
      ...["created", "changed", "deleted"].map((what) => `auth_client.${what} root ok`),
      "api_key.created root ok",
      `access.denied key:${own.id} denied not_found`,
    ]);
    expect(shown.map(({ attributes: { version } }) => version)).toEqual([1, 2, 2, null, null]);
  });

  test("is read backwards from its end as well, each event once", async () => {
    const workspace = newWorkspace();
    const path = await importedInto(workspace);
    for (let reads = 0; reads < 3; reads++) await call("GET", `${path}/token`);
    const forwards = await eventually(async () => {
      const shown = await trailOf(workspace);
      expect(shown).toHaveLength(5);
      return shown;
    });
    const ids = (shown: Shown[]) => shown.map(({ id }) => id);
    expect(ids(await trailOf(workspace, "?order=desc&limit=2"))).toEqual(ids(forwards).toReversed());
    const { body } = await call("GET", `/v2/workspaces/${newWorkspace()}/events?order=desc`);
    expect([body.data, body.links.next]).toEqual([[], null]);
  });

  test("has a first grant that the provider refused, of a person and of a machine (SECURITY 25)", async () => {
    const workspace = newWorkspace();
    const person = await ConnectedClient.create();
    await person.fault({ status: 400, body: '{"error":"invalid_grant"}' });
    const flow = await person.authorize(workspace);
    await signInAndConsent(newBrowser(), flow.body.data.attributes.connect_url);
    const grantType = "client_credentials";
    const machine = await ConnectedClient.create({ grant_types: [grantType] }, {}, { grant_type: grantType });
    await machine.fault({ status: 400, body: '{"error":"invalid_scope"}' });
    const data = { type: "auth-secret", attributes: { name: "x" }, relationships: machine.relationships };
    expect((await call("POST", `/v2/workspaces/${workspace}/secrets`, { data })).status).toBe(424);
    await expectTrail(workspace, [
      "authorization.started root ok",
      "authorization.failed person failed invalid_grant",
      "secret.created root failed provider_refused",
    ]);
  });

  test("goes with its workspace, late events too; that it was deleted stays (SECURITY 16)", async () => {
    const { contract, workspace } = await newTenancy();
    await importedInto(workspace);
    expect((await call("DELETE", `/v2/workspaces/${workspace}`)).status).toBe(204);
    const kept = async () => {
      const { results } = await env.DB.prepare("SELECT event, level, subject_id FROM events WHERE place_id IN (?, ?)")
        .bind(workspace, contract)
        .all();
      return results;
    };
    await eventually(async () => {
      expect((await kept()).map(({ event }) => event)).toContain("workspace.deleted");
    });
    expect((await kept()).filter(({ level }) => level === "workspace")).toEqual([]);
  });
});

describe("the trail of a wider place", () => {
  test("has what happened there, and nothing of what lies in it or around it (SECURITY 25)", async () => {
    const { tenant, contract, workspace } = await newTenancy();
    await importedInto(workspace);
    const key = await newKey(["tenants.events.get"], { level: "tenant", id: tenant });
    await call("GET", `/v2/contracts/${contract}/events`, undefined, key.headers);
    const textsAt = async (path: string) => (await eventsAt(path)).map(textOf).toSorted();
    await eventually(async () => {
      expect(await textsAt(`/v2/tenants/${tenant}/events`)).toEqual([
        "api_key.created root ok",
        "tenant.created root ok",
      ]);
      expect(await textsAt(`/v2/contracts/${contract}/events`)).toEqual([
        `access.denied key:${key.id} denied forbidden`,
        "contract.created root ok",
      ]);
    });
  });

  test("has, for everybody's, what belongs to everybody (SECURITY 25)", async () => {
    const client = await makeClient("basic", []);
    await eventually(async () => {
      const shown = await eventsAt(`/v2/events?filter[subject]=${client}`);
      expect(shown.map(textOf)).toEqual(["auth_client.created root ok"]);
    });
  });
});

describe("under load", () => {
  test("every read of a token by every caller is there once, however it was answered, and in each source's order (SECURITY 25)", async () => {
    const READS = 600;
    const workspace = newWorkspace();
    const path = await importedInto(workspace);
    const callers = await Promise.all(
      Array.from({ length: 4 }, () => keyIn(workspace, "workspaces.auth_secret.get_credentials")),
    );
    const served = new Map<string, number>();
    const expected = new Map<string, number>();
    for (let read = 0; read < READS; read++) {
      await Promise.all(
        callers.map(async ({ id, headers }, number) => {
          const more = { "x-request-id": `${number}:${read}`, ...(read % 50 === 0 && { "cache-control": "no-cache" }) };
          const answer = await call("GET", `${path}/token`, undefined, { ...headers, ...more });
          expect(answer.status).toBe(200);
          const source = answer.headers.get("server-timing") ?? "";
          served.set(source, (served.get(source) ?? 0) + 1);
          expected.set(`key:${id}`, (expected.get(`key:${id}`) ?? 0) + 1);
        }),
      );
    }
    expect(served.get("memory")).toBeGreaterThan(READS);
    expect(served.get("origin")).toBeGreaterThanOrEqual(READS / 50);
    const reads = await eventually(async () => {
      const shown = await trailOf(workspace, "?filter[type]=secret.credentials_read");
      expect(shown).toHaveLength(READS * callers.length + 1);
      return shown;
    });
    const counted = new Map<string, number>();
    for (const { attributes } of reads) counted.set(attributes.actor, (counted.get(attributes.actor) ?? 0) + 1);
    counted.delete("root");
    expect(counted).toEqual(expected);
    expect(new Set(reads.map(({ attributes }) => attributes.request_id)).size).toBe(reads.length);
    const positions = reads.map(({ id }) => Number(id.split(".").at(-1)));
    expect(positions).toEqual(positions.toSorted((one, other) => one - other));
    expect(await trailOf(workspace, "?filter[type]=events.lost")).toEqual([]);
  });
});

test("a queue that fails fails no request", async () => {
  const lines = watchLog();
  const workspace = newWorkspace();
  const EVENTS = { send: () => Promise.reject(new Error("the queue is down")) };
  const headers = { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" };
  const attributes = { type: "noauth", name: "x", credentials: {} };
  const relationships = { workspace: { data: { id: workspace, type: "workspace" } } };
  const body = JSON.stringify({ data: { type: "auth-client", attributes, relationships } });
  const request = new Request("http://localhost/v2/auth-clients", { method: "POST", headers, body });
  expect((await ask(request, { EVENTS })).status).toBe(201);
  await eventually(() => {
    expect(lines.map(({ what }) => what)).toContain("events_not_told");
  });
});
