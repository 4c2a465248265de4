/** The consent flow, from connect_url to a stored secret, against a real OpenID provider. */

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { actorOf, call, ConnectedClient, newBrowser, newWorkspace } from "../support/api.ts";
import { signInAndConsent } from "../support/user-agent.ts";

describe("a consent flow", () => {
  test("ends in a secret whose alarm is set for one minute before expiry", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const workspace = newWorkspace();
    const { status, body } = await client.authorize(workspace);
    expect(status).toBe(201);
    expect(body.data.attributes.state).toBe("pending");

    const page = await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
    expect(page.status).toBe(200);
    expect(page.html).toContain("Connected");

    const { body: ended } = await call("GET", body.data.links.self);
    expect(ended.data.attributes.state).toBe("completed");
    const path = ended.data.relationships.secret.links.self;
    const { body: secret } = await call("GET", path);
    expect(secret.data.attributes).toMatchObject({ name: "My account", state: "ready", version: 1 });
    const alarm = await runInDurableObject(actorOf(path), (_, { storage }) => storage.getAlarm());
    const expiresAt = Date.parse(secret.data.attributes.credentials.expires_at);
    expect(Math.floor((alarm ?? 0) / 1000)).toBe((expiresAt - 60_000) / 1000);
    expect((await client.calls()).token_requests).toHaveLength(1);
  });
});
