/** Clients that sign to prove who they are (`private_key_jwt`): their keys, which everybody may see the public part of and nobody the other. */

import { env } from "cloudflare:workers";
import { decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import type { AuthClientId } from "../../src/domain/ids.ts";
import type { StatedRegistration } from "../../src/domain/oauth2/registration.ts";
import { findAuthClient, openAuthClient } from "../../src/store/auth-clients.ts";
import { type Answer, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { allRows } from "../support/estate.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

const MINUTE = 60_000;
const SIGNS = { client_auth: "private_key_jwt" };

/** A client at a provider that a test plays. */
async function scripted(flavour: object = {}, more: object = {}): Promise<{ id: string; provider: ScriptedProvider }> {
  const provider = new ScriptedProvider();
  await answering(provider);
  const created = await create(provider, { ...SIGNS, ...flavour }, more);
  expect([created.status, created.body.errors]).toEqual([201, undefined]);
  return { id: created.body.data.id, provider };
}

async function create(provider: ScriptedProvider, flavour: object, more: object = {}): Promise<Answer> {
  const token_uri = provider.at("https://provider.example/token");
  const credentials = { client_id: "c", token_uri, ...more };
  const attributes = { type: "oauth2", name: "x", grant_type: "client_credentials", credentials, flavour };
  return await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } });
}

async function answering(provider: ScriptedProvider): Promise<void> {
  const headers = { "content-type": "application/json" };
  await provider.play({ status: 200, headers, body: '{"access_token":"a","expires_in":600}' });
}

async function keySet(id: string): Promise<JWK[]> {
  const { status, body } = await call("GET", `/v2/auth-clients/${id}/jwks.json`, undefined, { authorization: "" });
  expect(status).toBe(200);
  return body.keys;
}

async function fetched(id: string, credentials: object = {}): Promise<Answer> {
  const relationships = { auth_client: { data: { id, type: "auth-client" } } };
  const attributes = { name: "x", credentials };
  return await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
    data: { type: "auth-secret", attributes, relationships },
  });
}

/** What the client said of itself, verified with its public keys. */
async function verified(id: string, provider: ScriptedProvider) {
  const assertion = new URLSearchParams((await provider.heard()).at(-1)?.body).get("client_assertion") ?? "";
  const { kid } = decodeProtectedHeader(assertion);
  const jwk = (await keySet(id)).find((each) => each.kid === kid);
  if (jwk === undefined) throw new Error("It is signed with a key that is not published.");
  return { kid, ...(await jwtVerify(assertion, await importJWK(jwk), { currentDate: new Date(Date.now()) })) };
}

async function secretsOf(id: string): Promise<StatedRegistration> {
  const stored = await findAuthClient(env.DB, id as AuthClientId);
  if (stored === null) throw new Error("There is no such client.");
  return (await openAuthClient(settingsOf(env).cipher, stored)).credentials as StatedRegistration;
}

const newKey = (id: string) => call("POST", `/v2/auth-clients/${id}/keys`);

describe("a client that authenticates by private_key_jwt", () => {
  test("gets a key of its own, which its provider knows by the key set alone", async () => {
    const { publicKey } = await generateKeyPair("ES256");
    const settings = {
      token_endpoint_auth_method: "private_key_jwt",
      jwks: { keys: [{ ...(await exportJWK(publicKey)), use: "sig" }] },
    };
    const client = await ConnectedClient.create(settings, {}, { flavour: SIGNS });
    const refused = await client.authorize(newWorkspace());
    expect(refused.status).toBe(201);
    await client.change({ jwks: { keys: await keySet(client.id) } });
    const path = await client.connect(newWorkspace());
    expect((await call("POST", `${path}/refresh`)).status).toBe(200);
    const { token_requests } = await client.calls();
    expect(token_requests.map(({ status, body_keys }) => [status, body_keys.includes("client_assertion")])).toEqual([
      [200, true],
      [200, true],
    ]);
    expect(token_requests.some(({ body_keys }) => body_keys.includes("client_secret"))).toBe(false);
  });

  test("says who it is, to its token endpoint, for a minute", async () => {
    const { id, provider } = await scripted();
    expect((await fetched(id)).status).toBe(201);
    const { payload, protectedHeader } = await verified(id, provider);
    expect(protectedHeader).toMatchObject({ alg: "ES256", kid: (await keySet(id))[0]?.kid });
    const aud = provider.at("https://provider.example/token");
    expect(payload).toMatchObject({ iss: "c", sub: "c", aud, jti: expect.stringMatching(/./) });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  test("says what its flavour states instead, and signs as that wants", async () => {
    const said = { alg: "RS256", iss: "{{redirect_uri.host}}", sub: "it is {{client_id}}", aud: "https://revolut.com" };
    const { id, provider } = await scripted({ client_assertion: { ...said, lifetime_seconds: 600 } });
    await fetched(id);
    const { payload, protectedHeader } = await verified(id, provider);
    expect(protectedHeader.alg).toBe("RS256");
    expect(payload).toMatchObject({ iss: "localhost", sub: "it is c", aud: "https://revolut.com" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  });

  test("shows its public keys to everybody, and no others", async () => {
    const { id } = await scripted();
    const answer = await call("GET", `/v2/auth-clients/${id}/jwks.json`, undefined, { authorization: "" });
    expect(answer.headers.get("content-type")).toBe("application/jwk-set+json");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=300");
    const [key, ...others] = answer.body.keys;
    expect(others).toEqual([]);
    expect(Object.keys(key).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
    expect(key).toMatchObject({ alg: "ES256", use: "sig", kty: "EC" });

    const rsa = await scripted({ client_assertion: { alg: "RS256" } });
    expect(Object.keys((await keySet(rsa.id))[0] ?? {}).toSorted()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
    for (const path of [crypto.randomUUID(), "x", (await ConnectedClient.create()).id]) {
      expect((await call("GET", `/v2/auth-clients/${path}/jwks.json`, undefined, { authorization: "" })).status).toBe(
        404,
      );
    }
  });

  test("keeps its private keys to itself, whatever is asked and wherever they are stored", async () => {
    const { id } = await scripted();
    const { keys = [] } = await secretsOf(id);
    const secret = keys[0]?.jwk["d"] ?? "";
    expect(secret).toMatch(/^[\w-]{43}$/);
    travelTo(Date.now() + 11 * MINUTE);
    const change = { data: { type: "auth-client", attributes: { name: "y" } } };
    const answers = [
      await call("GET", `/v2/auth-clients/${id}`),
      await call("GET", "/v2/auth-clients"),
      await call("PATCH", `/v2/auth-clients/${id}`, change),
      await newKey(id),
      await call("GET", `/v2/auth-clients/${id}/jwks.json`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 201, 200]);
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain(secret);
    expect(await allRows()).not.toContain(secret);
  });

  test("begins to sign with a new key when no cache can still lack it, and goes on with the old one until then", async () => {
    const { id, provider } = await scripted();
    const [first] = await keySet(id);
    travelTo(Date.now() + 11 * MINUTE);
    const { status, body } = await newKey(id);
    expect(status).toBe(201);
    const { jwks_uri, signing_keys } = body.data.attributes;
    expect(jwks_uri).toBe(`http://localhost/v2/auth-clients/${id}/jwks.json`);
    const second = signing_keys[0];
    expect((await keySet(id)).map(({ kid }) => kid)).toEqual([second.kid, first?.kid]);
    expect(Date.parse(second.signs_from) - Date.parse(second.created_at)).toBe(10 * MINUTE);

    await fetched(id);
    expect((await verified(id, provider)).kid).toBe(first?.kid);
    expect(faults(await newKey(id))).toEqual(["conflict"]);

    travelTo(Date.parse(second.signs_from) + 1000);
    await fetched(id);
    expect((await verified(id, provider)).kid).toBe(second.kid);
  });

  test("keeps three keys at most, and never drops the one that signs", async () => {
    const { id, provider } = await scripted();
    for (let times = 0; times < 4; times++) {
      travelTo(Date.now() + 11 * MINUTE);
      expect((await newKey(id)).status).toBe(201);
    }
    expect(await keySet(id)).toHaveLength(3);
    await fetched(id);
    expect((await verified(id, provider)).kid).toBe((await keySet(id))[1]?.kid);
  });

  test("gets its key when it is changed to that, and one of another kind at once when its flavour wants that", async () => {
    const { id, provider } = await scripted({ client_auth: "body" }, { client_secret: "s" });
    expect((await call("GET", `/v2/auth-clients/${id}/jwks.json`)).status).toBe(404);
    expect(faults(await newKey(id))).toEqual(["conflict"]);
    const changed = (flavour: object) =>
      call("PATCH", `/v2/auth-clients/${id}`, { data: { type: "auth-client", attributes: { flavour } } });
    expect((await changed(SIGNS)).body.data.attributes.signing_keys).toHaveLength(1);
    expect((await changed({ ...SIGNS, scope_separator: "," })).body.data.attributes.signing_keys).toHaveLength(1);
    await changed({ ...SIGNS, client_assertion: { alg: "RS256" } });
    expect((await keySet(id)).map(({ alg }) => alg)).toEqual(["RS256", "ES256"]);
    await fetched(id);
    expect((await verified(id, provider)).protectedHeader.alg).toBe("RS256");
  });
});
