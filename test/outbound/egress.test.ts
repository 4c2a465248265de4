/** Where no request goes: refused when an auth client is saved, and again at every call; and what is beside it, which is not refused. */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { guardedFetch } from "../../src/outbound/guarded-fetch.ts";
import { ask, ORIGIN } from "../support/api.ts";
import { LET_PASS, REFUSED } from "../support/egress-table.ts";

const POLICY = { allowLoopback: false };
const refused = Object.entries(REFUSED).flatMap(([why, uris]) => uris.map((uri) => [why, uri] as const));

afterEach(() => {
  vi.restoreAllMocks();
});

/** Saves an auth client, as a deployed service would take it, and gives the status and what is wrong with it. */
async function save(uris: object): Promise<[status: number, pointers: string[]]> {
  const credentials = { client_id: "c", client_secret: "s", ...uris };
  const body = JSON.stringify({
    data: { type: "auth-client", attributes: { type: "oauth2", name: "Somewhere", credentials } },
  });
  const headers = { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" };
  const answer = await ask(new Request(`${ORIGIN}/v2/auth-clients`, { method: "POST", headers, body }), {
    ALLOW_LOOPBACK: "",
  });
  const { errors = [] } = await answer.json<{ errors?: { source: { pointer: string } }[] }>();
  return [answer.status, errors.map(({ source }) => source.pointer)];
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
