/** Tokens that are taken back (RFC 7009): what the provider is asked, as whom, and what is made of its answers. */

import { decodeJwt } from "jose";
import { describe, expect, test, vi } from "vitest";
import type { Flavour } from "../../src/domain/oauth2/flavour.ts";
import { registrationOf, type StatedRegistration } from "../../src/domain/oauth2/registration.ts";
import { revokeTokens } from "../../src/outbound/revocation.ts";
import { newSigningKey } from "../../src/outbound/signing-key.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

const URI = "https://p.example/revoke?keep=me";
const CLIENT = { client_id: "app", client_secret: "s3cret" };

async function revoked(
  flavour: Flavour = {},
  answer: { status?: number; headers?: Record<string, string>; body?: string } = {},
  said: {
    refreshToken?: null;
    variables?: Record<string, string>;
    allowLoopback?: boolean;
    stated?: Partial<StatedRegistration>;
  } = {},
) {
  const { refreshToken = "r1", variables = {}, allowLoopback = true } = said;
  const provider = new ScriptedProvider();
  await provider.play({ status: 200, headers: {}, body: "", ...answer });
  const revoke_uri = provider.at(flavour.revoke_uri ?? URI);
  const token_uri = "https://p.example/token";
  const stated = { ...CLIENT, token_uri, ...said.stated, flavour: { ...flavour, revoke_uri } };
  const registration = registrationOf(stated, null, null);
  const limits = { policy: { allowLoopback }, timeoutMs: 5000, now: () => 0 };
  const result = await revokeTokens({ registration, variables, accessToken: "a1", refreshToken }, limits);
  const heard = await provider.heard();
  const asked = heard.map(({ body, ...each }) => ({ ...each, params: Object.fromEntries(new URLSearchParams(body)) }));
  return {
    result,
    asked: asked.toSorted((one, other) => (one.params["token"] ?? "").localeCompare(other.params["token"] ?? "")),
  };
}

describe("a provider is asked", () => {
  test("to revoke each token, once, with what it is and who asks", async () => {
    const { result, asked } = await revoked();
    expect(result).toEqual({ outcome: "revoked", reason: null });
    expect(asked.map(({ method, url, params }) => ({ method, url, params }))).toEqual([
      { method: "POST", url: URI, params: { token: "a1", token_type_hint: "access_token", ...CLIENT } },
      { method: "POST", url: URI, params: { token: "r1", token_type_hint: "refresh_token", ...CLIENT } },
    ]);
    expect(asked.map(({ headers }) => headers["content-type"]?.split(";")[0])).toEqual([
      "application/x-www-form-urlencoded",
      "application/x-www-form-urlencoded",
    ]);
  });

  test("for the access token alone where there is no other", async () => {
    const { result, asked } = await revoked({}, {}, { refreshToken: null });
    expect([result.outcome, asked.map(({ params }) => params["token"])]).toEqual(["revoked", ["a1"]]);
  });

  test.each<[Flavour["client_auth"], string, object]>([
    ["basic", `Basic ${btoa("app:s3cret")}`, {}],
    ["basic_secret_only", `Basic ${btoa("s3cret:")}`, {}],
    ["bearer_secret", "Bearer s3cret", {}],
    ["none", "", { client_id: "app" }],
  ])("as it wants clients to authenticate: %s", async (client_auth, authorization, members) => {
    const { asked } = await revoked({ client_auth }, {}, { refreshToken: null });
    expect(asked[0]?.headers["authorization"] ?? "").toBe(authorization);
    expect(asked[0]?.params).toEqual({ token: "a1", token_type_hint: "access_token", ...members });
  });

  test("with a signed assertion, meant for its token endpoint", async () => {
    const keys = [await newSigningKey("ES256", 0)];
    const { asked } = await revoked({ client_auth: "private_key_jwt" }, {}, { stated: { keys } });
    const { client_assertion = "", ...params } = asked[0]?.params ?? {};
    expect(decodeJwt(client_assertion)).toMatchObject({ iss: "app", sub: "app", aud: "https://p.example/token" });
    expect(params).not.toHaveProperty("client_secret");
  });

  test("with its own names and headers, and nothing of what is for token requests alone", async () => {
    const { asked } = await revoked({
      param_names: { client_id: "client_key" },
      headers: { "User-Agent": "web:{{client_id}}:v1" },
      token_params: { audience: "x" },
      body_format: "json",
      method: "GET",
    });
    const { client_id, client_secret } = CLIENT;
    expect(asked[1]).toMatchObject({
      method: "POST",
      headers: { "user-agent": "web:app:v1", accept: "application/json" },
      params: { token: "r1", token_type_hint: "refresh_token", client_key: client_id, client_secret },
    });
    expect(asked[1]?.params).not.toHaveProperty("audience");
  });

  test("where the secret's fields say, and nowhere when they say nothing allowed", async () => {
    const flavour = { revoke_uri: "https://p.example/{{fields.shop}}/revoke", hosts: { "fields.shop": "[a-z]+" } };
    const { asked } = await revoked(flavour, {}, { variables: { "fields.shop": "acme" } });
    expect(asked.map(({ url }) => url)).toEqual(Array(2).fill("https://p.example/acme/revoke"));
    const elsewhere = await revoked(flavour, {}, { variables: { "fields.shop": "../x" } });
    expect([elsewhere.result, elsewhere.asked]).toEqual([{ outcome: "failed", reason: "host_unknown" }, []]);
  });
});

describe("an answer", () => {
  test.each([200, 204])("of status %i is a success, whatever it says", async (status) => {
    const { result } = await revoked({}, { status, body: status === 204 ? "" : "<html>" });
    expect(result).toEqual({ outcome: "revoked", reason: null });
  });

  test.each([400, 401, 404, 503])("of status %i is none", async (status) => {
    expect((await revoked({}, { status, body: '{"error":"x"}' })).result).toEqual({
      outcome: "failed",
      reason: `http_${status}`,
    });
  });

  test("that leads elsewhere is not followed", async () => {
    const target = new ScriptedProvider();
    await target.play({ status: 200, headers: {}, body: "" });
    const { result } = await revoked({}, { status: 307, headers: { location: target.at(URI) } });
    expect([result, await target.heard()]).toEqual([{ outcome: "failed", reason: "http_307" }, []]);
  });

  test("that is good for one token alone is told as that", async () => {
    const send = vi.spyOn(globalThis, "fetch");
    const isOfRefreshToken = (body: unknown) => typeof body === "string" && body.includes("refresh_token");
    send.mockImplementation(async (_, init) =>
      isOfRefreshToken(init?.body) ? new Response() : new Response(null, { status: 400 }),
    );
    const registration = registrationOf({ ...CLIENT, flavour: { revoke_uri: "https://p.example/r" } }, null, null);
    const limits = { policy: { allowLoopback: false }, timeoutMs: 5000, now: () => 0 };
    const tokens = { registration, variables: {}, accessToken: "a1", refreshToken: "r1" };
    expect(await revokeTokens(tokens, limits)).toEqual({ outcome: "partly", reason: "http_400" });
    expect(send).toHaveBeenCalledTimes(2);
    send.mockRestore();
  });

  test("cannot come from where no request may go", async () => {
    const { result, asked } = await revoked({}, {}, { allowLoopback: false });
    expect([result, asked]).toEqual([{ outcome: "failed", reason: "address_refused" }, []]);
  });
});
