/** What the other OAuth server of the tests does, seen from outside: so that tests against it mean something. */

import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OAuth2Server, startOAuth2Server } from "./support/oauth2-server.ts";
import type { OAuth2ServerAddress, OAuth2ServerSettings, ServedRequests } from "./support/oauth2-server-contract.ts";
import { UserAgent } from "./support/user-agent.ts";

const REDIRECT_URI = "http://localhost/callback";

let server: OAuth2Server;
let address: OAuth2ServerAddress;
beforeAll(async () => {
  server = await startOAuth2Server();
  ({ address } = server);
});
afterAll(() => server.close());

interface TokenAnswer {
  status: number;
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
  error?: string;
}

async function connect(settings: Partial<OAuth2ServerSettings> = {}) {
  const registered = await fetch(address.controlUri, { method: "POST" });
  const client = (await registered.json()) as { client_id: string; client_secret: string };
  const control = `${address.controlUri}/${client.client_id}`;
  await fetch(control, { method: "PATCH", body: JSON.stringify({ redirect_uris: [REDIRECT_URI], ...settings }) });
  const post = async (uri: string, members: Record<string, string>): Promise<TokenAnswer> => {
    const response = await fetch(uri, { method: "POST", body: new URLSearchParams({ ...client, ...members }) });
    return { status: response.status, ...((await response.json()) as object) };
  };
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: REDIRECT_URI,
    scope: "read",
    state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const agent = new UserAgent();
  const page = await agent.get(`${address.authUri}?${query}`);
  const { url } = await agent.submit(page, { login: "person" }, { until: ({ hostname }) => hostname === "localhost" });
  const code = new URL(url).searchParams.get("code") ?? "";
  const exchange = { grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI };
  const requests = async () => (await (await fetch(`${control}/requests`)).json()) as ServedRequests;
  return { post, exchange, verifier, requests };
}

test("gives tokens for a code only to whoever has its verifier, and counts", async () => {
  const { post, exchange, verifier, requests } = await connect();
  expect(
    await post(address.tokenUri, { ...exchange, code_verifier: randomBytes(32).toString("base64url") }),
  ).toMatchObject({
    status: 400,
    error: "invalid_grant",
  });
  expect(await post(address.tokenUri, { ...exchange, code_verifier: verifier })).toMatchObject({
    status: 200,
    expires_in: expect.closeTo(600, -1),
    access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
  });
  expect(await requests()).toEqual({
    most_in_flight: 1,
    requests: [400, 200].map((status) => ({
      endpoint: "token",
      grant_type: "authorization_code",
      authentication: "body",
      status,
    })),
  });
});

test("rotates refresh tokens; one that comes again is refused, and takes its family along", async () => {
  const { post, exchange, verifier } = await connect();
  const first = await post(address.tokenUri, { ...exchange, code_verifier: verifier });
  const refresh = (token = "") => post(address.tokenUri, { grant_type: "refresh_token", refresh_token: token });
  const second = await refresh(first.refresh_token);
  expect(second.status).toBe(200);
  expect(second.refresh_token).not.toBe(first.refresh_token);
  expect(await refresh(first.refresh_token)).toMatchObject({ status: 400, error: "invalid_request" });
  expect(await refresh(second.refresh_token)).toMatchObject({ status: 400, error: "invalid_request" });
});

test("tells by introspection alone when an opaque token expires, where its answers do not", async () => {
  const { post, exchange, verifier } = await connect({ opaque_tokens: true, expiry_untold: true });
  const before = Date.now();
  const { access_token = "", expires_in } = await post(address.tokenUri, { ...exchange, code_verifier: verifier });
  expect([access_token.includes("."), expires_in]).toEqual([false, undefined]);
  const told = (await post(address.introspectionUri, { token: access_token })) as { active?: boolean; exp?: number };
  expect(told).toMatchObject({ status: 200, active: true });
  const issuedAt = ((told.exp ?? 0) - 600) * 1000;
  expect([issuedAt > before - 1000, issuedAt < Date.now() + 1000]).toEqual([true, true]);
  expect((await post(address.revocationUri, { token: access_token })).status).toBe(200);
  expect(await post(address.introspectionUri, { token: access_token })).toMatchObject({ active: false });
});
