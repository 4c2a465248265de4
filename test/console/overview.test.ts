/** What the overview and the events of a workspace tell: true for any number, the newest first. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { Person } from "../support/console.ts";

let root: Person;

beforeAll(async () => {
  root = await Person.signedIn();
});

describe("the overview", () => {
  const ofType = async (place: string) => {
    const { body } = await call("POST", "/v2/auth-clients", {
      data: {
        type: "auth-client",
        attributes: { type: "noauth", name: "None", credentials: {} },
        relationships: { workspace: { data: { id: place, type: "workspace" } } },
      },
    });
    return body.data.id as string;
  };

  test("counts all that work and all that do not, and says of what it looks at that it is not all", async () => {
    const own = newWorkspace();
    const client = await ofType(own);
    // The index alone has them: their actors know nothing, so the lists leave them out and their totals do not.
    await env.DB.prepare(
      `INSERT INTO secrets (id, workspace_id, auth_client_id, type, name, state, created_at)
        SELECT ?1 || value, ?1, ?2, 'noauth', 'n', iif(value <= 30, 'error', 'ready'), value FROM json_each(?3)`,
    )
      .bind(own, client, JSON.stringify(Array.from({ length: 150 }, (_, index) => index + 1)))
      .run();
    const { text } = await root.get(`/console/workspaces/${own}`);
    expect(text).toContain("<strong>150</strong><span>secrets</span>");
    expect(text).toContain("<strong>120</strong><span>work</span>");
    expect(text).toContain("<strong>30</strong><span>do not work</span>");
    expect(text).toContain("overdue, of those looked at");
    expect(text).toContain("All 30 that do not work");
  });

  test("says how they are, in the words of their states", async () => {
    const own = newWorkspace();
    const connected = await ConnectedClient.create();
    const path = await connected.connect(own);
    const badge = (text: string) => [...text.matchAll(/<span class="badge \w+">(\d+ [^<]+)</g)].map(([, each]) => each);
    expect(badge((await root.get(`/console/workspaces/${own}`)).text)).toEqual(["1 Fresh"]);
    await connected.revokeGrants();
    await call("POST", `${path}/refresh`, {});
    const broken = (await root.get(`/console/workspaces/${own}`)).text;
    expect(badge(broken)).toEqual(["1 Connect again"]);
    expect(broken).toMatch(/ 0 went well, [1-9]\d* failed\./);
  });
});

test("events stand with the newest first, lead to older ones, and can be those of one secret", async () => {
  const own = newWorkspace();
  await env.DB.prepare(
    `INSERT INTO events (source, sequence, level, place_id, event, at, actor, subject_type, subject_id, outcome, received_at)
      SELECT ?1, value, 'workspace', ?1, iif(value % 2, 'tenant.created', 'secret.refreshed'), value * 1000, 'root',
        'auth-secret', iif(value <= 2, 'one', 'another'), 'ok', value FROM json_each(?2)`,
  )
    .bind(own, JSON.stringify(Array.from({ length: 51 }, (_, index) => index + 1)))
    .run();
  const events = `/console/workspaces/${own}/events`;
  const instants = (text: string) =>
    [...text.matchAll(/<time datetime="([^"]+)"/g)].map(([, at = ""]) => Date.parse(at));
  const newest = await root.get(events);
  expect(instants(newest.text)).toEqual(Array.from({ length: 50 }, (_, index) => (51 - index) * 1000));
  expect(newest.text).toContain("Tenant made");
  const [, older = ""] = /href="([^"]+)">Older ones</.exec(newest.text) ?? [];
  const last = await root.get(older.replaceAll("&amp;", "&"));
  expect([instants(last.text).length, last.text.includes("Older ones"), last.text.includes("The newest")]).toEqual([
    1,
    false,
    true,
  ]);
  expect(instants((await root.get(`${events}?about=one`)).text)).toHaveLength(2);
});
