/** `GET …/secrets/{id}/history`. */

import { describe, expect, test } from "vitest";
import { call, ConnectedClient, newBrowser, newWorkspace } from "../support/api.ts";
import { signInAndConsent } from "../support/user-agent.ts";

type Shown = { attributes: { event: string; actor: string; outcome: string; reason: string | null } };

async function historyOf(path: string): Promise<string[]> {
  const { status, body } = await call("GET", `${path}/history`);
  expect(status).toBe(200);
  return body.data.map(({ attributes: { event, actor, outcome, reason } }: Shown) =>
    [event, actor, outcome, reason].join(" ").trim(),
  );
}

describe("GET …/secrets/{id}/history", () => {
  test("200 tells of a consent, a refresh and a change, the newest first (SECURITY 25)", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    await call("POST", `${path}/refresh?rejected_version=1`, undefined, { "x-request-id": "f:1;s:2" });
    await call("PATCH", path, { data: { type: "auth-secret", attributes: { name: "New" } } });
    expect(await historyOf(path)).toEqual([
      "secret.changed root ok",
      "secret.refreshed root ok",
      "authorization.completed person ok",
      "authorization.started root ok",
    ]);
    const { data, meta } = (await call("GET", `${path}/history`)).body;
    expect(data[1]).toMatchObject({
      id: `${path.split("/").at(-1)}.3`,
      attributes: { trigger: "manual", version: 2, request_id: "f:1;s:2" },
    });
    expect(meta).toEqual({});
  });

  test("200 tells of a consent that was refused, by the code", async () => {
    const client = await ConnectedClient.create();
    const path = await client.connect(newWorkspace());
    const [, workspace = "", secret] = /workspaces\/([^/]+)\/secrets\/(.+)$/.exec(path) ?? [];
    const again = { secret: { data: { id: secret, type: "auth-secret" } } };
    const { body } = await client.authorize(workspace, { name: undefined }, again);
    await signInAndConsent(newBrowser(), body.data.attributes.connect_url, { login: "somebody-else" });
    expect((await historyOf(path)).slice(0, 2)).toEqual([
      "authorization.failed person failed another_account",
      "authorization.started root ok",
    ]);
  });

  test("404 when the secret is deleted, and before there is one (SECURITY 16)", async () => {
    const client = await ConnectedClient.create();
    const workspace = newWorkspace();
    const path = await client.connect(workspace);
    await call("DELETE", path);
    expect((await call("GET", `${path}/history`)).status).toBe(404);
  });
});
