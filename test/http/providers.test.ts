/** `/v2/providers`: what is known of providers without being told, for whoever is somebody. */

import { describe, expect, test } from "vitest";
import { allPresets } from "../../src/providers/presets.ts";
import { call, faults } from "../support/api.ts";
import { newKey } from "../support/keys.ts";

const presets = allPresets();
const names = presets.map(([name]) => name);

describe("GET /v2/providers", () => {
  test("200 lists all of them by name, in one page", async () => {
    const { status, body } = await call("GET", "/v2/providers");
    expect(status).toBe(200);
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(names);
    expect(names).toEqual(names.toSorted());
    const count = presets.length;
    expect(body.meta).toEqual({ page: 1, per_page: count, total: count, total_pages: 1 });
    const self = "/v2/providers";
    expect(body.links).toEqual({ self, first: self, prev: null, next: null, last: self });
  });

  test("200 says what a person has to know to pick one, and no more", async () => {
    const { body } = await call("GET", "/v2/providers");
    expect(body.data.find(({ id }: { id: string }) => id === "slack")).toEqual({
      id: "slack",
      type: "provider",
      attributes: {
        title: "Slack",
        documentation: expect.stringMatching(/^https:\/\/docs\.slack\.dev\//),
        grant_type: "authorization_code",
        fields: {},
        note: expect.toBeOneOf([null, expect.any(String)]),
      },
      links: { self: "/v2/providers/slack" },
    });
  });

  test("200 for a key that may do next to nothing", async () => {
    const { headers } = await newKey(["workspaces.auth_secret.get"], { level: "workspace", id: "w" });
    expect((await call("GET", "/v2/providers", undefined, headers)).status).toBe(200);
    expect((await call("GET", "/v2/providers/slack", undefined, headers)).status).toBe(200);
  });

  test("400 for a page, as there is one only", async () => {
    const answer = await call("GET", "/v2/providers?page[number]=2");
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document page[number]"]]);
  });
});

describe("GET /v2/providers/{name}", () => {
  test.each(presets)("200 shows what %s fills in", async (name, preset) => {
    const { status, body } = await call("GET", `/v2/providers/${name}`);
    expect([status, body.data.id]).toEqual([200, name]);
    const { attributes } = body.data;
    expect(attributes).toMatchObject(preset);
    expect(attributes.refresh_token_uri).toBe(preset.refresh_token_uri ?? preset.token_uri);
    expect(attributes.refresh_lead_seconds).toBe(preset.refresh_lead_seconds ?? 60);
  });

  test.each(["nobody", "__proto__", "constructor", "%2e%2e", "Slack"])("404 for %s", async (name) => {
    const answer = await call("GET", `/v2/providers/${name}`);
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found"]]);
  });
});
