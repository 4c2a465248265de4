/** Where no request goes: refused when an auth client is saved, and again at every call; and what is beside it, which is not refused. */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { guardedFetch } from "../../src/outbound/guarded-fetch.ts";
import { ask, ORIGIN } from "../support/api.ts";
import { LET_PASS, REFUSED } from "../support/egress-table.ts";

const POLICY = { allowLoopback: false };
const CALL = { method: "POST", headers: {}, body: "" };
const refused = Object.entries(REFUSED).flatMap(([why, uris]) => uris.map((uri) => [why, uri] as const));

afterEach(() => {
  vi.restoreAllMocks();
});

/** Saves an auth client, as a deployed service would take it, and gives the status and what is wrong with it. */
async function save(uris: object, settings: object = {}): Promise<[status: number, pointers: string[]]> {
  const credentials = { client_id: "c", client_secret: "s", ...uris };
  const body = JSON.stringify({
    data: { type: "auth-client", attributes: { type: "oauth2", name: "Somewhere", credentials } },
  });
  const headers = { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" };
  const answer = await ask(new Request(`${ORIGIN}/v2/auth-clients`, { method: "POST", headers, body }), {
    ALLOW_LOOPBACK: "",
    ...settings,
  });
  const { errors = [] } = await answer.json<{ errors?: { source?: { pointer: string } }[] }>();
  return [answer.status, errors.map(({ source }) => source?.pointer ?? "")];
}

const urisOf = (uri: string) => ({ auth_uri: uri, token_uri: uri, refresh_token_uri: uri });
const POINTERS = Object.keys(urisOf("")).map((name) => `/data/attributes/credentials/${name}`);

test("the table has sixty addresses and more", () => {
  expect(refused.length).toBeGreaterThan(60);
  expect(new Set(refused.map(([, uri]) => uri)).size).toBe(refused.length);
});

describe("what is refused", () => {
  test.each(refused)("%s: %j (SECURITY 9)", async (_, uri) => {
    const spy = vi.spyOn(globalThis, "fetch");
    const [status, pointers] = await save(urisOf(uri));
    expect([status, pointers.toSorted()]).toEqual([400, POINTERS.toSorted()]);
    const fetched = await guardedFetch(uri, { method: "POST", headers: {} }, { policy: POLICY, timeoutMs: 1000 });
    expect(fetched).toMatchObject({ kind: "failed", refusal: { class: "config_error", reason: "address_refused" } });
    expect(spy).not.toHaveBeenCalled();
  });
});

describe("what is let pass", () => {
  test.each(LET_PASS)("%j", async (uri) => {
    expect((await save(urisOf(uri)))[0]).toBe(201);
    const spy = vi.spyOn(globalThis, "fetch").mockImplementation(() => Promise.resolve(new Response("{}")));
    const fetched = await guardedFetch(uri, { method: "POST", headers: {} }, { policy: POLICY, timeoutMs: 1000 });
    expect(fetched.kind).toBe("answer");
    expect(spy).toHaveBeenCalledExactlyOnceWith(uri, expect.objectContaining({ redirect: "manual" }));
  });
});

describe("EGRESS_ALLOWED_PORTS", () => {
  const at = (port: number) => urisOf(`https://provider.example.com:${port}/token`);

  test("lets a client with such a port be saved, and no other (SECURITY 9)", async () => {
    const settings = { EGRESS_ALLOWED_PORTS: "8443, 9443" };
    expect(await save(at(9443), settings)).toEqual([201, []]);
    expect(await save(at(8444), settings)).toEqual([400, POINTERS]);
    expect(await save(at(8444), { ...settings, ALLOW_LOOPBACK: "true" })).toEqual([400, POINTERS]);
    expect(await save(at(8443))).toEqual([400, POINTERS]);
  });

  test("lets a call go to such a port, and to no other (SECURITY 9)", async () => {
    const sent = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("{}"));
    const limits = { policy: { allowLoopback: false, ports: new Set(["8443"]) }, timeoutMs: 1000 };
    const kinds = [];
    for (const port of [8443, 8444])
      kinds.push((await guardedFetch(`https://provider.example.com:${port}/token`, CALL, limits)).kind);
    expect(kinds).toEqual(["answer", "failed"]);
    expect(sent).toHaveBeenCalledTimes(1);
  });

  test.each(["x", "0", "65536", "443-8443"])("of %s stops the service", async (ports) => {
    expect((await save(at(443), { EGRESS_ALLOWED_PORTS: ports }))[0]).toBe(500);
  });
});
