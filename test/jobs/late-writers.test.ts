/** Whoever was let in before a place was deleted, and writes after it, leaves nothing behind. */

import {
  abortAllDurableObjects,
  listDurableObjectIds,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import type { ApiKeyId, AuthClientId, ContractId, TenantId, WorkspaceId } from "../../src/domain/ids.ts";
import { GLOBAL, type Lineage } from "../../src/domain/place.ts";
import { SecretActor } from "../../src/secret-actor/actor.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { insertApiKey } from "../../src/store/api-keys.ts";
import { insertAuthClient } from "../../src/store/auth-clients.ts";
import { actorOf, call, ConnectedClient, newBrowser, newWorkspace } from "../support/api.ts";
import {
  allRows,
  breakActors,
  contentOf,
  EMPTY,
  finish,
  jobOf,
  makeClient,
  remove,
  secretDocument,
} from "../support/estate.ts";
import { eventually } from "../support/eventually.ts";
import { newPlace, newTenancy } from "../support/keys.ts";
import { signInAndConsent } from "../support/user-agent.ts";

afterEach(() => void vi.restoreAllMocks());

/** Does something in the moment when a call has reached the actor of a secret, which is after its handler asked who may. */
function meanwhile(method: "create" | "authorize" | "completeConsent", work: () => Promise<unknown>): void {
  const original = SecretActor.prototype[method] as (input: unknown) => Promise<never>;
  async function delayed(this: SecretActor, input: unknown): Promise<never> {
    await work();
    return await original.call(this, input);
  }
  vi.spyOn(SecretActor.prototype, method).mockImplementationOnce(delayed);
}

describe("what was let in before the deletion and writes after it leaves nothing behind:", () => {
  /** When the deletion comes to its end: before the write, or after it. */
  const ENDS = ["before", "after"] as const;

  /** A contract and how to delete it; `end` lets the job end if it has not. */
  async function doomed(ends: (typeof ENDS)[number]) {
    const { tenant, contract, workspace } = await newTenancy();
    const client = await ConnectedClient.create();
    const flow = await client.authorize(workspace);
    const lineage: Lineage = [
      { level: "workspace", id: workspace as WorkspaceId },
      { level: "contract", id: contract as ContractId },
      { level: "tenant", id: tenant as TenantId },
      ...GLOBAL,
    ];
    const drop = async () => {
      if (ends === "before") expect(await remove("contract", contract)).toBe(204);
      else {
        // The flow's actor holds the job up.
        const broken = breakActors();
        expect(await remove("contract", contract)).toBe(202);
        broken.mend();
      }
    };
    const job = await jobOf("contract", contract);
    const end = () => finish(job);
    return { tenant, contract, workspace, client, flow, lineage, drop, end };
  }

  async function expectNothing(workspace: string): Promise<void> {
    expect(await allRows()).not.toContain(workspace);
    const held: string[] = [];
    for (const id of await listDurableObjectIds(env.SECRETS)) {
      const records = await runInDurableObject(env.SECRETS.get(id), async (_, { storage }) => [
        JSON.stringify([...storage.kv.list()]),
        await storage.getAlarm(),
      ]);
      if (String(records[0]).includes(workspace)) held.push(String(id));
    }
    expect(held).toEqual([]);
  }

  test.each(ENDS)("a secret, the deletion having ended %s", async (ends) => {
    const { workspace, client, drop, end } = await doomed(ends);
    meanwhile("create", drop);
    const { status } = await call("POST", `/v2/workspaces/${workspace}/secrets`, secretDocument(client.id));
    expect(status).toBe(409);
    await end();
    await expectNothing(workspace);
  });

  test.each(ENDS)("a consent flow, the deletion having ended %s", async (ends) => {
    const { workspace, client, drop, end } = await doomed(ends);
    meanwhile("authorize", drop);
    expect((await client.authorize(workspace)).status).toBe(404);
    await end();
    await expectNothing(workspace);
  });

  test.each(ENDS)("a person's consent, the deletion having ended %s", async (ends) => {
    const { workspace, client, flow, drop, end } = await doomed(ends);
    const browser = newBrowser();
    const { url: callback } = await signInAndConsent(browser, flow.body.data.attributes.connect_url, {
      until: (url) => url.href.startsWith(client.redirectUri),
    });
    meanwhile("completeConsent", drop);
    const page = await browser.get(callback);
    // In the second case the flow is still there, and what it makes goes with it.
    expect(new URL(page.url).pathname).toBe("/connect/ended");
    await end();
    await expectNothing(workspace);
    expect(new URL((await browser.get(callback)).url).search).toMatch(
      /^\?outcome=(ended|other_browser)&request=[\w-]{36}$/,
    );
  });

  test("a code that is being exchanged", async () => {
    const { workspace, client, flow, drop } = await doomed("before");
    const browser = newBrowser();
    const { url: callback } = await signInAndConsent(browser, flow.body.data.attributes.connect_url, {
      until: (url) => url.href.startsWith(client.redirectUri),
    });
    await client.hold();
    const page = browser.get(callback);
    await eventually(async () => expect((await client.calls()).token_requests).toHaveLength(1));
    await drop();
    await client.release();
    expect(new URL((await page).url).search).toMatch(/^\?outcome=ended&request=[\w-]{36}$/);
    await expectNothing(workspace);
  });

  test("a secret that the index had lost", async () => {
    const { workspace, client, drop } = await doomed("before");
    const secret = await client.connect(workspace);
    // As after a deletion of which only the answer was lost.
    const id = secret.split("/").at(-1);
    await env.DB.prepare("DELETE FROM secrets WHERE id = ?").bind(id).run();
    await env.DB.prepare("DELETE FROM authorizations WHERE secret_id = ?").bind(id).run();
    const recordOf = () =>
      runInDurableObject(actorOf(secret), (_, { storage }) => storage.kv.get<ActorRecord>("record"));
    const record = await recordOf();
    await runInDurableObject(actorOf(secret), (_, { storage }) =>
      storage.kv.put("record", { ...record, indexed: null }),
    );
    await abortAllDurableObjects();
    await drop();
    await runDurableObjectAlarm(actorOf(secret));
    expect((await call("GET", `${secret}/token`)).status).toBe(404);
    expect(await allRows()).not.toContain(workspace);
    // How the flow ended is remembered for a day; of the grant nothing is.
    expect(await recordOf()).toMatchObject({ secret: null, grant: null, client: null });
  });

  test("a refresh that is under way", async () => {
    const { workspace, client, drop } = await doomed("before");
    const secret = await client.connect(workspace);
    await client.hold();
    const refreshed = call("POST", `${secret}/refresh`);
    await client.refreshesAre(1);
    await drop();
    await client.release();
    expect((await refreshed).status).toBe(404);
    await expectNothing(workspace);
    expect(await contentOf(actorOf(secret))).toEqual(EMPTY);
  });

  test.each(ENDS)("a key and a client of each level, the deletion having ended %s", async (ends) => {
    const { tenant, contract, workspace, lineage, drop, end } = await doomed(ends);
    await drop();
    const { cipher } = settingsOf(env);
    const common = { name: "x", createdAt: Date.now() };
    for (const at of [lineage, lineage.slice(1) as unknown as Lineage]) {
      const key = { ...common, id: crypto.randomUUID() as ApiKeyId, email: null, permissions: [], hash: "h" };
      const rest = { expiresAt: null, lastUsedAt: null, place: at[0] };
      await expect(insertApiKey(env.DB, { ...key, ...rest }, at)).rejects.toThrowError("not_found");
      const client = {
        ...common,
        id: crypto.randomUUID() as AuthClientId,
        place: at[0],
        type: "noauth",
        components: [],
        provider: null,
        issuer: null,
        grantType: "authorization_code" as const,
      };
      const more = { credentials: {}, refreshLeadSeconds: 60, refreshJitterSeconds: 0, version: 1 };
      await expect(insertAuthClient(env.DB, cipher, { ...client, ...more }, at)).rejects.toThrowError("not_found");
    }
    await end();
    await expectNothing(workspace);
    expect(await allRows()).not.toContain(contract);
    expect((await call("GET", `/v2/tenants/${tenant}`)).status).toBe(200);
  });

  test("nor does a secret come into a contract that took the workspace meanwhile", async () => {
    const { contract } = await newTenancy();
    const workspace = newWorkspace();
    const client = await makeClient("oauth2", []);
    meanwhile("create", () => newPlace("workspace", workspace, { level: "contract", id: contract }));
    expect((await call("POST", `/v2/workspaces/${workspace}/secrets`, secretDocument(client))).status).toBe(409);
    expect((await call("GET", `/v2/workspaces/${workspace}/secrets`)).body.data).toEqual([]);
  });
});
