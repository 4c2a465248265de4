/**
 * Vectors of what providers send and expect, through the real way of a token request: a server on loopback plays the answer, and what it
 * was asked is held against what the provider expects. Those of `token-endpoint.json` came with the design; each preset has its own.
 */

/// <reference types="vite/types/importMeta.d.ts" />
import { exportPKCS8, generateKeyPair } from "jose";
import { expect, describe, test } from "vitest";
import { exchangesItself } from "../../src/domain/oauth2/flavour.ts";
import { variablesOf } from "../../src/domain/oauth2/variables.ts";
import type { TokenRequest } from "../../src/domain/oauth2/request.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import { newSigningKey } from "../../src/outbound/signing-key.ts";
import { sendTokenRequest } from "../../src/outbound/token-endpoint.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";
import type { Heard as Asked } from "../support/scripted-server-contract.ts";
import { CLIENT, registrationFor, saidIn, type Vector } from "../support/vectors.ts";

const files = import.meta.glob<Vector[]>("../vectors/**/*.json", { eager: true, import: "default" });
const PREVIOUS = { access_token: "previous-access", refresh_token: "previous-refresh" };
const REDIRECT_URI = "https://secrets.example.com/callback/oauth2/id";
/** Classes of ours that a vector has one word for. */
const RETRY = ["retry", "ambiguous", "rate_limited", "too_early"];

describe.each(Object.entries(files))("%s", (_, vectors) => {
  test.each(vectors)("$id", async (vector) => {
    const provider = new ScriptedProvider();
    await provider.play({
      status: vector.response_status,
      headers: vector.response_headers,
      body: vector.response_body,
    });
    const request = await requestOf(vector, provider);
    const now = Date.parse(vector.fixed_now);
    const heard = await sendTokenRequest(request, {
      policy: { allowLoopback: true },
      timeoutMs: 5000,
      now: () => now,
      publicUrl: new URL(REDIRECT_URI).origin,
    });

    const [asked, ...others] = await provider.heard();
    expect(others).toEqual([]);
    expectAsked(vector, asked as Asked);
    if (vector.expected_outcome.result === "error") expectRefusal(vector, heard);
    else expectTokens(vector, heard, request);
  });
});

async function requestOf(vector: Vector, provider: ScriptedProvider): Promise<TokenRequest> {
  const registration = { ...registrationFor(vector, (uri) => provider.at(uri)), ...(await signing) };
  const { fields, callback } = saidIn(vector);
  const common = { registration, variables: variablesOf(fields, callback) };
  const scopes = ["read", "write"];
  if (vector.stage === "refresh") {
    const isExchange = exchangesItself(registration.flavour);
    const refreshToken = isExchange ? PREVIOUS.access_token : PREVIOUS.refresh_token;
    return { ...common, kind: "refresh", refreshToken, accessToken: PREVIOUS.access_token, scopes };
  }
  if (vector.stage === "upgrade") return { ...common, kind: "upgrade", accessToken: PREVIOUS.access_token };
  if (vector.stage !== "code_exchange") return { ...common, kind: vector.stage, scopes };
  const code = registration.flavour?.code_param ?? "code";
  return {
    ...common,
    kind: "code_exchange",
    callback: new URLSearchParams({ [code]: "the-code", state: "the-state", ...callback }),
    state: "the-state",
    redirectUri: REDIRECT_URI,
    codeVerifier: "v".repeat(43),
  };
}

/** Keys of every kind, for those who sign. */
const signing = (async () => {
  const keys = await Promise.all((["RS256", "ES256"] as const).map((alg) => newSigningKey(alg, 0)));
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { keys, private_key: await exportPKCS8(privateKey) };
})();

function expectAsked({ request_expectation: expected }: Vector, { method, url, headers, body }: Asked): void {
  expect(method).toBe(expected.method);
  const type = headers["content-type"]?.split(";")[0];
  if (expected.content_type !== null) expect(type).toBe(expected.content_type);
  else expect([type, body]).toEqual([undefined, ""]);
  const isJson = type === "application/json";
  const params: Record<string, string> = isJson
    ? (JSON.parse(body) as Record<string, string>)
    : Object.fromEntries(method === "GET" ? new URL(url).searchParams : new URLSearchParams(body));
  for (const each of expected.required_params) {
    const [name = "", ...value] = each.split("=");
    if (value.length === 0) expect(params).toHaveProperty([name], expect.stringMatching(/./));
    else expect(params).toHaveProperty([name], value.join("="));
  }
  for (const name of expected.forbidden_params) expect(params).not.toHaveProperty([name]);
  for (const [name, value] of Object.entries(expected.required_headers)) {
    expect(headers).toHaveProperty([name.toLowerCase()], expect.stringContaining(value));
  }
  if (expected.url !== undefined) expect([url, url.slice(0, expected.url.length)]).toContain(expected.url);
  expectAuthentication(expected.auth_placement, headers, params);
}

/** Credentials stand in one place. */
function expectAuthentication(placement: string, headers: Asked["headers"], params: Record<string, string>): void {
  const { authorization = "" } = headers;
  const encoded = (text: string) => new URLSearchParams([["", text]]).toString().slice(1);
  const { client_id, client_secret } = CLIENT;
  const values = Object.values(params);
  const [place = ""] = placement.split(/[\s(]/);
  const actual = placement === "basic or body" ? (authorization === "" ? "body" : "basic") : place;
  if (actual === "basic") {
    const isSecretAlone = placement.includes("user=client_secret");
    const pair = isSecretAlone ? `${encoded(client_secret)}:` : `${encoded(client_id)}:${encoded(client_secret)}`;
    expect(authorization).toBe(`Basic ${btoa(pair)}`);
    return expect(values).not.toContain(client_secret);
  }
  if (actual === "bearer" || actual === "bearer_secret") {
    // The server reads each byte of a header as a character.
    expect(authorization).toBe(`Bearer ${String.fromCharCode(...new TextEncoder().encode(client_secret))}`);
    return expect(values).not.toContain(client_secret);
  }
  expect(authorization).toBe("");
  if (actual === "assertion") {
    expect(values).not.toContain(client_secret);
    expect(claimsOf(params["assertion"] ?? "")).toMatchObject({ iss: client_id, exp: expect.any(Number) });
    return;
  }
  if (actual === "none") {
    expect(values).toContain(client_id);
    expect(values).not.toContain(client_secret);
  } else if (actual === "client_assertion") {
    expect(params["client_assertion_type"]).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    for (const claim of placement.matchAll(/(iss|aud)=([^,)]+)/g)) expectClaim(params["client_assertion"] ?? "", claim);
  } else if (actual === "custom") expectSignature(headers);
  else expect(["body", "query"]).toContain(actual);
}

function expectClaim(assertion: string, [, name = "", value = ""]: RegExpMatchArray): void {
  expect(claimsOf(assertion)[name]).toBe(value === "host of redirect_uri" ? new URL(REDIRECT_URI).host : value);
}

function claimsOf(assertion: string): Record<string, unknown> {
  return JSON.parse(atob((assertion.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))) as Record<
    string,
    unknown
  >;
}

function expectSignature({ appkey, timestamp, sign }: Asked["headers"]): void {
  expect(appkey).toBe(CLIENT.client_id);
  expect(timestamp).toMatch(/^\d{13}$/);
  expect(sign).toMatch(/^[0-9a-f]{64}$/);
}

function expectRefusal({ expected_outcome: outcome, response_status: status }: Vector, heard: Heard): void {
  if (heard.kind !== "refused") throw new Error(`A grant was heard: ${JSON.stringify(heard)}`);
  const { refusal } = heard;
  expect(outcome.error_class === "retry" ? RETRY : [outcome.error_class]).toContain(refusal.class);
  const reason = refusal.reason === "rate_limited" ? `http_${status}` : refusal.reason;
  expect([refusal.providerCode, reason]).toContain(outcome.provider_code);
  if (outcome.retry_after_seconds !== undefined) expect(refusal.retryAfterSeconds).toBe(outcome.retry_after_seconds);
  if (outcome.ambiguous === true) expect(refusal.class).toBe("ambiguous");
}

function expectTokens(vector: Vector, heard: Heard, request: TokenRequest): void {
  const { expected_outcome: outcome } = vector;
  if (heard.kind !== "granted") throw new Error(`A refusal was heard: ${JSON.stringify(heard)}`);
  const { grant, expiresAt, expirySource, warning } = heard;
  const kept = (said: string | null | undefined, before: string) => (said === "__KEEP_PREVIOUS__" ? before : said);
  expect(grant.access_token).toBe(kept(outcome.access_token, PREVIOUS.access_token));
  expect(grant.refresh_token).toBe(kept(outcome.refresh_token, PREVIOUS.refresh_token));
  expect(expiresAt).toBe(outcome.expires_at == null ? null : Date.parse(outcome.expires_at));
  if (outcome.expiry_source !== undefined) expect(expirySource).toBe(sourceOf(outcome.expiry_source));
  expect(grant.scope?.split(" ").filter((scope) => scope !== "") ?? null).toEqual(outcome.scope ?? null);
  // What came in the callback is kept from the exchange on.
  const before = request.kind === "refresh" ? { callback: saidIn(vector).callback } : {};
  for (const [path, value] of Object.entries(outcome.extra ?? {})) {
    expect([path, at({ ...before, ...grant.undefined_params }, path)]).toEqual([path, value]);
  }
  expect(warning ?? undefined).toBe(outcome.warn);
  expect(grant.token_type).toBe("Bearer");
  expect(JSON.stringify(grant.undefined_params)).not.toContain(grant.access_token);
  if (request.kind === "refresh") expect(JSON.stringify(grant.undefined_params)).not.toContain(PREVIOUS.refresh_token);
}

function sourceOf(words: string): string {
  if (words.startsWith("client.")) return words.slice("client.".length);
  if (words.startsWith("jwt")) return "jwt";
  if (words === "default") return "assumed";
  return ["none", "assumed", "introspection"].includes(words) ? words : "answer";
}

function at(value: unknown, path: string): unknown {
  const members = value as Record<string, unknown>;
  if (Object.hasOwn(members, path)) return members[path];
  return path.split(".").reduce<unknown>((each, name) => (each as Record<string, unknown> | undefined)?.[name], value);
}
