/** Grants for a signature (RFC 7523 2.1): a key that somebody brings, what is said with it, and a provider that verifies it. */

import { exportJWK, exportPKCS8, generateKeyPair, importSPKI, exportSPKI, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { type Answer, call, ConnectedClient, faults, newWorkspace } from "../support/api.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

const TOKEN = "https://provider.example/token";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const POINTER = "/data/attributes/credentials/private_key";

async function newKey(alg = "RS256"): Promise<{ pem: string; spki: string; jwk: object }> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { pem: await exportPKCS8(privateKey), spki: await exportSPKI(publicKey), jwk: await exportJWK(publicKey) };
}

async function newProvider(): Promise<ScriptedProvider> {
  const provider = new ScriptedProvider();
  const headers = { "content-type": "application/json" };
  await provider.play({ status: 200, headers, body: '{"access_token":"a","expires_in":600}' });
  return provider;
}

async function createClient(credentials: object, attributes: object = {}): Promise<Answer> {
  return await call("POST", "/v2/auth-clients", {
    data: {
      type: "auth-client",
      attributes: {
        type: "oauth2",
        name: "x",
        grant_type: "jwt_bearer",
        credentials: { client_id: "me@example.com", token_uri: "https://provider.example.com/token", ...credentials },
        ...attributes,
      },
    },
  });
}

async function createSecret(client: string, credentials: object): Promise<Answer> {
  const relationships = { auth_client: { data: { id: client, type: "auth-client" } } };
  const attributes = { name: "x", credentials };
  return await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
    data: { type: "auth-secret", attributes, relationships },
  });
}

async function assertionTo(provider: ScriptedProvider): Promise<[string, URLSearchParams]> {
  const form = new URLSearchParams((await provider.heard()).at(-1)?.body);
  return [form.get("assertion") ?? "", form];
}

describe("a jwt_bearer client", () => {
  test("gets tokens of a provider that verifies what it signs, and renews them", async () => {
    const { pem, jwk } = await newKey();
    const settings = { grant_types: [GRANT], jwks: { keys: [jwk] }, access_token_seconds: 600 };
    const flavour = { assertion: { claims: { scope: "{{scope}}" } } };
    const client = await ConnectedClient.create(settings, { private_key: pem }, { grant_type: "jwt_bearer", flavour });
    const { status, body } = await createSecret(client.id, { scope: "read" });
    expect([status, body.data?.attributes.credentials.scope]).toEqual([201, "read"]);
    const path = body.data.links.self;
    expect((await call("POST", `${path}/refresh`)).body.data.attributes).toMatchObject({ version: 2 });
    expect(await client.requests(GRANT)).toBe(2);

    await client.change({ jwks: { keys: [(await newKey()).jwk] } });
    expect(faults(await createSecret(client.id, {}))).toEqual(["client_misconfigured"]);
    expect(faults(await call("POST", `${path}/refresh?rejected_version=2`))).toEqual(["client_misconfigured"]);
  });

  test("says by default who it is and to whom, for five minutes, and sends the scopes beside it", async () => {
    const { pem, spki } = await newKey();
    const provider = await newProvider();
    const created = await createClient({ private_key: pem, private_key_id: "key-1", token_uri: provider.at(TOKEN) });
    expect((await createSecret(created.body.data.id, { scope: "a b" })).status).toBe(201);
    const [assertion, form] = await assertionTo(provider);
    expect([...form.keys()].toSorted()).toEqual(["assertion", "grant_type", "scope"]);
    expect(form.get("scope")).toBe("a b");
    const { payload, protectedHeader } = await jwtVerify(assertion, await importSPKI(spki, "RS256"));
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT", kid: "key-1" });
    expect(Object.keys(payload).toSorted()).toEqual(["aud", "exp", "iat", "iss", "jti"]);
    expect(payload).toMatchObject({ iss: "me@example.com", aud: provider.at(TOKEN) });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  test("says what its flavour states, with the secret's own fields, and leaves out what nobody said", async () => {
    const { pem, spki } = await newKey("ES256");
    const provider = await newProvider();
    const assertion = {
      iss: "the {{client_id}}",
      sub: "{{fields.user}}",
      aud: "https://provider.example",
      lifetime_seconds: 60,
      claims: { scope: "{{scope}}", realm: "{{fields.realm}}" },
    };
    const flavour = { assertion, default_scopes: ["always"] };
    const created = await createClient({ private_key: pem, token_uri: provider.at(TOKEN) }, { flavour });
    const { status } = await createSecret(created.body.data.id, { scope: "a b", fields: { user: "anna@example.com" } });
    expect(status).toBe(201);
    const [signed] = await assertionTo(provider);
    const { payload, protectedHeader } = await jwtVerify(signed, await importSPKI(spki, "ES256"));
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "JWT" });
    const { iat = 0, exp, jti, ...said } = payload;
    expect(said).toEqual({
      iss: "the me@example.com",
      sub: "anna@example.com",
      aud: "https://provider.example",
      scope: "a b always",
    });
    expect([exp, typeof jti]).toEqual([iat + 60, "string"]);
  });

  test("takes its preset's word for everything but the key and the name", async () => {
    const { pem } = await newKey();
    const { status, body } = await call("POST", "/v2/auth-clients", {
      data: {
        type: "auth-client",
        attributes: {
          type: "oauth2",
          name: "Google",
          provider: "google-service-account",
          credentials: { client_id: "robot@project.iam.gserviceaccount.com", private_key: pem },
        },
      },
    });
    expect([status, body.data?.attributes]).toMatchObject([
      201,
      {
        grant_type: "jwt_bearer",
        credentials: { private_key: "********", token_uri: expect.stringContaining("google") },
      },
    ]);
    expect(body.data.attributes).not.toHaveProperty("redirect_uri");
  });
});

describe("a private key that is brought", () => {
  const wrapped = (label: string, body = "AAAA") => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

  test.each([
    ["as PKCS #1", wrapped("RSA PRIVATE KEY"), /PKCS #1: "openssl pkcs8 -topk8 -nocrypt -in key\.pem" converts it/],
    ["as SEC 1", wrapped("EC PRIVATE KEY"), /SEC 1: "openssl pkcs8 -topk8 -nocrypt/],
    ["encrypted", wrapped("ENCRYPTED PRIVATE KEY"), /must not be encrypted: "openssl pkcs8/],
    ["that is a certificate", wrapped("CERTIFICATE"), /must be a private key, not a CERTIFICATE/],
    ["without its end", wrapped("PRIVATE KEY").slice(0, 40), /must be whole/],
    ["that is no PEM", "MIIEvQIBADANBgkqhkiG9w0BAQ", /must be a private key in PEM/],
    ["that is no key", wrapped("PRIVATE KEY"), /must be a private key for RSA \(2048 bits or more\), P-256 or P-384/],
  ])("%s is refused, with what helps", async (_, private_key, detail) => {
    const answer = await createClient({ private_key });
    expect(faults(answer)).toEqual([`invalid_document ${POINTER}`]);
    expect(answer.body.errors[0].detail).toMatch(detail);
  });

  test("is refused when it cannot sign as the flavour wants, or is missing", async () => {
    const { pem } = await newKey("ES256");
    const flavour = { assertion: { alg: "RS256" } };
    expect(faults(await createClient({ private_key: pem }, { flavour }))).toEqual([`invalid_document ${POINTER}`]);
    expect(faults(await createClient({}))).toEqual([`invalid_document ${POINTER}`]);
  });

  test("may have its line breaks as JSON writes them", async () => {
    const { pem } = await newKey();
    expect((await createClient({ private_key: pem.replaceAll("\n", String.raw`\n`) })).status).toBe(201);
  });

  test("is shown to nobody, and replaced by another one that opens", async () => {
    const { pem } = await newKey();
    const created = await createClient({ private_key: pem });
    expect(created.body.data.attributes.credentials.private_key).toBe("********");
    const path = `/v2/auth-clients/${created.body.data.id}`;
    const change = (private_key: string) =>
      call("PATCH", path, { data: { type: "auth-client", attributes: { credentials: { private_key } } } });
    expect((await change("********")).status).toBe(200);
    expect(faults(await change(wrapped("RSA PRIVATE KEY")))).toEqual([`invalid_document ${POINTER}`]);
    expect(faults(await change(wrapped("PRIVATE KEY")))).toEqual([`invalid_document ${POINTER}`]);
    const { body } = await change((await newKey()).pem);
    expect(JSON.stringify(body)).not.toContain("BEGIN");
    expect((await change(pem)).status).toBe(200);
  });
});
