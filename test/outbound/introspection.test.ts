/** When a token expires whose answer does not say so: what introspection tells is believed, and nothing that it tells or does harms a grant. */

import { expect, describe, test, vi } from "vitest";
import type { Flavour } from "../../src/domain/oauth2/flavour.ts";
import { registrationOf } from "../../src/domain/oauth2/registration.ts";
import { sendTokenRequest } from "../../src/outbound/token-endpoint.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

const NOW = 1_800_000_000_000;
const IN_AN_HOUR = NOW + 3_600_000;
const ALLOWED = { allowLoopback: true };

interface Played {
  /** What the token endpoint says beside its tokens. */
  tokens?: object;
  /** What the introspection endpoint says. */
  told?: unknown;
  status?: number;
  mediaType?: string;
  flavour?: (introspection: ScriptedProvider) => Flavour;
  registration?: object;
  /** How long the token endpoint took. */
  tookMs?: number;
  timeoutMs?: number;
}

/** Refreshes once, and says what was heard and what the introspection endpoint was asked. */
async function refreshed(played: Played) {
  const { told = {}, status = 200, mediaType = "application/json" } = played;
  const tokens = { access_token: "a2", refresh_token: "r1", ...played.tokens };
  const tokenEndpoint = new ScriptedProvider();
  const introspection = new ScriptedProvider();
  await tokenEndpoint.play({
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...tokens, token_type: "Bearer" }),
  });
  const body = typeof told === "string" ? told : JSON.stringify(told);
  await introspection.play({ status, headers: { "content-type": mediaType }, body });
  const flavour = played.flavour?.(introspection) ?? {
    introspect_uri: introspection.at("https://example.com/introspect"),
  };
  const stated = {
    client_id: "app",
    client_secret: "s3cret",
    token_uri: tokenEndpoint.at("https://example.com/token"),
    flavour,
    ...played.registration,
  };
  const heard = await sendTokenRequest(
    {
      kind: "refresh",
      registration: registrationOf(stated, null, null),
      refreshToken: "r1",
      variables: { "fields.path": "introspect" },
    },
    { policy: ALLOWED, timeoutMs: played.timeoutMs ?? 5000, now: clock(played.tookMs ?? 0) },
  );
  if (heard.kind !== "granted") throw new Error(`No grant was heard: ${heard.refusal.reason}`);
  const { access_token, refresh_token } = tokens;
  expect(heard.grant).toMatchObject({ access_token, refresh_token });
  return { heard, asked: await introspection.heard() };
}

/** A clock that says when the token request is made and sent, and from then on when it was answered. */
function clock(tookMs: number): () => number {
  const times = [NOW, NOW];
  return () => times.pop() ?? NOW + tookMs;
}

const exp = NOW / 1000 + 900;

describe("an answer that does not say when its token expires", () => {
  test("has introspection asked under the provider's own names, with its headers", async () => {
    const flavour = (introspection: ScriptedProvider): Flavour => ({
      introspect_uri: introspection.at("https://example.com/introspect"),
      param_names: { client_id: "client_key" },
      headers: { "User-Agent": "web:{{client_id}}:v1" },
    });
    const { asked } = await refreshed({ told: { active: true, exp }, flavour });
    expect(new URLSearchParams(asked[0]?.body).get("client_key")).toBe("app");
    expect(asked[0]?.headers).toMatchObject({ "user-agent": "web:app:v1", accept: "application/json" });
  });

  test("has introspection asked, once, as the client, and its `exp` believed", async () => {
    const { heard, asked } = await refreshed({ told: { active: true, exp } });
    expect(heard).toMatchObject({ expiresAt: NOW + 900_000, expirySource: "introspection" });
    expect(asked.map(({ method, url }) => [method, url])).toEqual([["POST", "https://example.com/introspect"]]);
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      token: "a2",
      token_type_hint: "access_token",
      client_id: "app",
      client_secret: "s3cret",
    });
  });

  test("has it asked with Basic where the client authenticates so, at a URI with variables filled in", async () => {
    const { heard, asked } = await refreshed({
      told: { active: true, exp },
      flavour: (introspection) => ({
        client_auth: "basic",
        introspect_uri: introspection.at("https://example.com/{{fields.path}}"),
        hosts: { "fields.path": "[a-z]+" },
      }),
    });
    expect(heard.expirySource).toBe("introspection");
    expect(asked[0]?.headers["authorization"]).toBe(`Basic ${btoa("app:s3cret")}`);
    expect(asked[0]?.body).not.toContain("s3cret");
  });

  test("has it believed whatever media type it is sent with", async () => {
    const { heard } = await refreshed({ told: { active: true, exp }, mediaType: "text/plain" });
    expect(heard.expiresAt).toBe(NOW + 900_000);
  });
});

describe("introspection is not asked", () => {
  const jwt = `e30.${btoa(JSON.stringify({ exp: NOW / 1000 + 60 }))}.x`;

  test.each<[string, Played]>([
    ["when the refresh token was rotated, and must be stored first", { tokens: { refresh_token: "r2" } }],
    ["when the answer says when it expires", { tokens: { expires_in: 60 } }],
    ["when the token is a JWT that says so", { tokens: { access_token: jwt } }],
    ["when the client says how long its tokens live", { registration: { token_expires_in: 60 } }],
    ["when no time is left", { tookMs: 5000 }],
  ])("%s", async (_, played) => {
    const { heard, asked } = await refreshed({ told: { active: true, exp }, ...played });
    expect(heard.expirySource).not.toBe("introspection");
    expect(asked).toEqual([]);
  });
});

describe("an hour is assumed, as without introspection, when it", () => {
  test.each<[string, Played]>([
    ["does not know the token", { told: { active: false } }],
    ["does not know it, and yet says when it expires", { told: { active: false, exp } }],
    ["says nothing of an expiry", { told: { active: true } }],
    ["says that the token is over already", { told: { active: true, exp: NOW / 1000 - 1 } }],
    ["says that it expires at this moment", { told: { active: true, exp: NOW / 1000 } }],
    ["says it in milliseconds", { told: { active: true, exp: NOW + 900_000 } }],
    ["says it in words", { told: { active: true, exp: "soon" } }],
    ["says what is no number", { told: `{"active":true,"exp":1e999}` }],
    ["says nothing about being active", { told: { exp } }],
    ["says that it is active in words", { told: { active: "true", exp } }],
    ["is not JSON", { told: "<html>" }],
    ["is empty", { told: "" }],
    ["is a list", { told: [] }],
    ["is too long", { told: "__GENERATED_2MIB__" }],
    ["refuses the client", { status: 401, told: { error: "invalid_client" } }],
    ["fails", { status: 500, told: { active: true, exp } }],
    ["leads elsewhere", { status: 302, told: { active: true, exp } }],
    ["is on an address that may not be called", { flavour: () => ({ introspect_uri: "https://10.0.0.1/introspect" }) }],
    ["cannot be reached", { flavour: () => ({ introspect_uri: "http://127.0.0.1:1/introspect" }) }],
    [
      "has a URI with a variable that nothing is said for",
      { flavour: () => ({ introspect_uri: "https://{{fields.x}}/" }) },
    ],
    [
      "would have to be asked with a key that there is not",
      {
        flavour: (introspection) => ({
          client_auth: "private_key_jwt",
          refresh: { client_auth: "body" },
          introspect_uri: introspection.at("https://example.com/introspect"),
        }),
      },
    ],
  ])("%s", async (_, played) => {
    const { heard } = await refreshed(played);
    expect(heard).toMatchObject({ expiresAt: IN_AN_HOUR, expirySource: "assumed" });
  });

  test("hangs, which takes no longer than the token request may", async () => {
    const { fetch } = globalThis;
    const hung: (AbortSignal | null)[] = [];
    const spy = vi.spyOn(globalThis, "fetch").mockImplementation((to, init) => {
      if (to !== "https://example.com/hangs") return fetch(to, init);
      const signal = init?.signal ?? null;
      hung.push(signal);
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    });
    const { heard } = await refreshed({
      flavour: () => ({ introspect_uri: "https://example.com/hangs" }),
      timeoutMs: 2000,
    });
    spy.mockRestore();
    expect(heard).toMatchObject({ expiresAt: IN_AN_HOUR, expirySource: "assumed" });
    expect(hung.map((signal) => signal?.aborted)).toEqual([true]);
  });
});
