/** What a change of an auth client must not do: leave it broken without a word, or send what is secret where nobody sent it before. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ask, call, faults } from "../support/api.ts";

const URIS = {
  auth_uri: "https://provider.example.com/authorize",
  token_uri: "https://provider.example.com/token",
  refresh_token_uri: "https://provider.example.com/token",
};
const at = (uri: string) => ({ auth_uri: `${uri}/a`, token_uri: `${uri}/t`, refresh_token_uri: `${uri}/t` });

async function created(attributes: object, credentials: object = { client_secret: "s" }): Promise<string> {
  const sent = { type: "oauth2", name: "x", ...attributes, credentials: { client_id: "c", ...credentials } };
  const { status, body } = await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes: sent } });
  expect([status, body.errors]).toEqual([201, undefined]);
  return `/v2/auth-clients/${body.data.id}`;
}

async function patched(path: string, attributes: object): Promise<unknown> {
  const answer = await call("PATCH", path, { data: { type: "auth-client", attributes } });
  return answer.status === 200 ? 200 : faults(answer);
}

const HOSTS = "/data/attributes/flavour/hosts";
const SECRET = "/data/attributes/credentials/client_secret";

describe("a change of a flavour", () => {
  test("keeps the hosts that the client's URIs, or its preset's, need", async () => {
    const hosts = { "fields.shop": "[a-z]+" };
    const own = await created(
      { flavour: { hosts } },
      { client_secret: "s", ...at("https://{{fields.shop}}.example.com") },
    );
    expect(await patched(own, { flavour: {} })).toEqual([`invalid_document ${HOSTS}`]);
    expect(await patched(own, { flavour: { hosts: { "fields.shop": "[a-z0-9]+" } } })).toBe(200);
    const ofPreset = await created({ provider: "shopify" });
    expect(await patched(ofPreset, { flavour: { hosts: {} } })).toEqual([`invalid_document ${HOSTS}`]);
    expect(await patched(ofPreset, { flavour: {} })).toBe(200);
  });

  test("asks for a secret where the client needs one from then on", async () => {
    const path = await created({ flavour: { client_auth: "none" } }, URIS);
    expect(await patched(path, { flavour: {} })).toEqual([`invalid_document ${SECRET}`]);
    expect(await patched(path, { flavour: {}, credentials: { client_secret: "s" } })).toBe(200);
    expect(await patched(path, { name: "y" })).toBe(200);
  });

  test("is taken back by null, as are when tokens are renewed", async () => {
    const set = { refresh_lead_seconds: 90, refresh_jitter_seconds: 30, flavour: { pkce: "off" } };
    const path = await created(set, { client_secret: "s", ...URIS });
    const none = { refresh_lead_seconds: null, refresh_jitter_seconds: null, flavour: null };
    expect(await patched(path, none)).toBe(200);
    const { attributes } = (await call("GET", path)).body.data;
    expect(attributes).toMatchObject({ refresh_lead_seconds: 60, refresh_jitter_seconds: 0, flavour: {} });
  });

  test("leads to this machine no more than a new client may", async () => {
    const path = await created({}, { client_secret: "s", ...URIS });
    const attributes = { flavour: { revoke_uri: "http://127.0.0.1/revoke" } };
    const request = new Request(`https://secrets.example.com${path}`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ data: { type: "auth-client", attributes } }),
    });
    const answer = await ask(request, { ALLOW_LOOPBACK: "", PUBLIC_URL: "https://secrets.example.com" });
    expect(answer.status).toBe(400);
  });

  test("sends no secret to a host of which the client did not know before", async () => {
    const path = await created({}, { client_secret: "s", ...URIS });
    const elsewhere = "https://thief.example.net/";
    for (const flavour of [
      { revoke_uri: elsewhere },
      { introspect_uri: elsewhere },
      { upgrade: { uri: elsewhere, grant_type: "x" } },
    ]) {
      expect(await patched(path, { flavour })).toMatchObject([expect.stringContaining("conflict")]);
    }
    const hosts = { "fields.host": "[a-z]+[.]example[.]com" };
    const anywhere = await created({ flavour: { hosts } }, { client_secret: "s", ...at("https://{{fields.host}}") });
    const wider = { flavour: { hosts: { "fields.host": ".+" } } };
    expect(await patched(anywhere, wider)).toEqual([`conflict ${HOSTS}`]);
    expect(await patched(anywhere, { flavour: { hosts, pkce: "off" } })).toBe(200);
    expect(await patched(path, { flavour: { revoke_uri: "https://provider.example.com/revoke" } })).toBe(200);
    expect(await patched(path, { flavour: {} })).toBe(200);
  });
});

test("a new client of a preset needs its preset's hosts, too", async () => {
  const attributes = {
    type: "oauth2",
    name: "x",
    provider: "shopify",
    flavour: { hosts: {} },
    credentials: { client_id: "c", client_secret: "s" },
  };
  const answer = await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } });
  expect([answer.status, faults(answer)]).toEqual([400, [`invalid_document ${HOSTS}`]]);
});
