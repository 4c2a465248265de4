/** A secret that is deleted: its tokens are taken back at the provider first, and whatever that comes to, it is gone. */

import { env } from "cloudflare:workers";
import { inject, describe, expect, test, vi } from "vitest";
import type { StatedRegistration } from "../../src/domain/oauth2/registration.ts";
import { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import { call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { FakeWorld, Gate, granted, imported, settle, T0 } from "../support/fake-ports.ts";
import { grantOf } from "../support/grants.ts";
import { newTenancy } from "../support/keys.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

const CAUSE = { requestId: "r" } as const;
const REVOKE_URI = "https://p.example/revoke";

async function newKeeper(stated: Partial<StatedRegistration> = { flavour: { revoke_uri: REVOKE_URI } }) {
  const world = await FakeWorld.create();
  await world.register(stated);
  const keeper = new SecretKeeper(world);
  await keeper.create(imported(world));
  return { world, keeper };
}

function linesOf({ lines }: FakeWorld) {
  return lines.flatMap((line) => (line.kind === "revocation" ? [line] : []));
}

describe("a deletion", () => {
  test("revokes both tokens, as the client, and then removes the secret", async () => {
    const { world, keeper } = await newKeeper();
    world.revoked = async () => {
      expect(world.stored).not.toBeNull();
      return { outcome: "revoked", reason: null };
    };
    await keeper.erase(CAUSE);
    expect(world.revocations).toMatchObject([
      {
        revocation: { accessToken: "access-1", refreshToken: "refresh-1", registration: { client_secret: "s" } },
        timeoutMs: 5000,
      },
    ]);
    expect(world.stored).toBeNull();
    expect(linesOf(world)).toMatchObject([{ request_id: "r", secret_id: "s1", outcome: "revoked", reason: null }]);
  });

  test.each([
    [{ outcome: "revoked", reason: null }, "ok", null],
    [{ outcome: "partly", reason: "http_400" }, "failed", "http_400"],
    [{ outcome: "failed", reason: "timeout" }, "failed", "timeout"],
  ] as const)("tells the trail what came of it: %j (SECURITY 25)", async (revoked, outcome, reason) => {
    const { world, keeper } = await newKeeper();
    world.revoked = async () => revoked;
    await keeper.erase({ ...CAUSE, principal: "key:7" });
    await settle();
    expect(world.trail.flatMap(({ events }) => events).slice(-2)).toMatchObject([
      { event: "secret.tokens_revoked", actor: "key:7", outcome, reason, requestId: "r" },
      { event: "secret.deleted", actor: "key:7", outcome: "ok", reason: null },
    ]);
  });

  test("asks nobody who does not say where", async () => {
    const { world, keeper } = await newKeeper({});
    await keeper.erase(CAUSE);
    expect([world.stored, world.revocations, linesOf(world)]).toEqual([null, [], []]);
  });

  test.each([
    ["the provider refuses", async () => ({ outcome: "failed", reason: "http_400" }) as const, "http_400"],
    ["something breaks", () => Promise.reject(new Error("broken")), "storage_integrity"],
  ])("goes on when %s", async (_, revoked, reason) => {
    const { world, keeper } = await newKeeper();
    world.revoked = revoked;
    await keeper.erase(CAUSE);
    expect(world.stored).toBeNull();
    expect(linesOf(world)).toMatchObject([{ outcome: "failed", reason }]);
  });

  test("waits five seconds at most for a provider that hangs", async () => {
    const { world, keeper } = await newKeeper();
    world.isImpatient = true;
    world.revoked = () => new Gate<never>().opened;
    await keeper.erase(CAUSE);
    expect([world.stored, world.time - T0]).toEqual([null, 5000]);
    expect(linesOf(world)).toMatchObject([{ outcome: "failed", reason: "timeout", duration_ms: 5000 }]);
  });

  test("uses its own copy of the client when D1 does not answer", async () => {
    const { world, keeper } = await newKeeper();
    world.client = () => Promise.reject(new Error("D1 is down"));
    await keeper.erase(CAUSE);
    expect([world.stored, world.revocations.length]).toEqual([null, 1]);
  });

  test("uses the secret that the provider takes, of two", async () => {
    const { world, keeper } = await newKeeper({ next_client_secret: "next", flavour: { revoke_uri: REVOKE_URI } });
    world.sealedClient = { ...world.sealedClient, secretInUse: "next_client_secret" };
    await keeper.erase(CAUSE);
    expect(world.revocations).toMatchObject([{ revocation: { registration: { client_secret: "next" } } }]);
  });

  test("revokes what a refresh brings that is under way", async () => {
    const { world, keeper } = await newKeeper();
    const gate = new Gate<void>();
    world.answers = [() => gate.opened.then(() => granted(world, 2))];
    const renewal = keeper.refresh({ trigger: "manual", ...CAUSE }, null);
    await eventually(() => expect(world.requests).toBe(1));
    const deletion = keeper.erase(CAUSE);
    await settle();
    expect(world.revocations).toEqual([]);
    gate.open();
    await Promise.all([renewal, deletion]);
    expect(world.revocations).toMatchObject([{ revocation: { accessToken: "access-2", refreshToken: "refresh-2" } }]);
    expect(world.stored).toBeNull();
  });
});

describe("against a real provider", () => {
  const setFlavour = async (client: ConnectedClient, flavour: object) => {
    const change = { data: { type: "auth-client", attributes: { flavour } } };
    expect((await call("PATCH", `/v2/auth-clients/${client.id}`, change)).status).toBe(200);
  };

  test("a refresh token of a deleted secret is worth nothing any more", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    const revoke_uri = inject("provider").tokenUri.replace(/\/token$/, "/token/revocation");
    await setFlavour(client, { revoke_uri });
    const { refresh_token } = await grantOf(path);
    const log = vi.spyOn(console, "log");
    expect((await call("DELETE", path)).status).toBe(204);
    const lines = log.mock.calls.map(([text]) => JSON.parse(String(text)) as { kind: string; outcome?: string });
    expect(lines.filter(({ kind }) => kind === "revocation")).toMatchObject([{ outcome: "revoked", reason: null }]);
    expect(await client.spend(refresh_token ?? "")).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("without a place for it, deletion leaves the provider's grant alone", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    const { refresh_token } = await grantOf(path);
    expect((await call("DELETE", path)).status).toBe(204);
    expect((await client.spend(refresh_token ?? "")).status).toBe(200);
  });

  test("the deletion of a workspace revokes nothing, as it would wait for every secret in it", async () => {
    const provider = new ScriptedProvider();
    await provider.play({ status: 200, headers: {}, body: "" });
    const client = await ConnectedClient.create();
    await setFlavour(client, { revoke_uri: provider.at(REVOKE_URI) });
    const { workspace } = await newTenancy();
    const path = await client.connect(workspace);
    expect([202, 204]).toContain((await call("DELETE", `/v2/workspaces/${workspace}`)).status);
    const left = env.DB.prepare("SELECT count(*) AS secrets FROM secrets WHERE workspace_id = ?").bind(workspace);
    await eventually(async () => expect(await left.first("secrets")).toBe(0));
    expect((await call("GET", path)).status).toBe(404);
    expect(await provider.heard()).toEqual([]);
  });
});
