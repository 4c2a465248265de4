/** Callers with JWTs of configured issuers, from the header to what they may do. */

import { createExecutionContext, env } from "cloudflare:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { newWorkspace } from "../support/api.ts";
import { newPlace, newTenancy } from "../support/keys.ts";

const ISSUER = "https://issuer.example.com";
const JWT_ISSUERS = JSON.stringify([
  { issuer: ISSUER, audience: "edge-secrets", jwks_uri: `${ISSUER}/jwks`, algorithms: ["ES256"] },
]);
const bindings = { ...env, JWT_ISSUERS };

let privateKey: CryptoKey;
let jwks: string;

beforeAll(async () => {
  const pair = await generateKeyPair("ES256");
  privateKey = pair.privateKey;
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256" }] });
});

async function token(claims: JWTPayload): Promise<string> {
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "ES256", kid: "k1" })
    .setIssuer(ISSUER)
    .setAudience("edge-secrets")
    .setSubject("anna")
    .setExpirationTime("5m")
    .sign(privateKey);
}

/** Asks the Worker with a JWT; its issuer's keys are served here. */
async function ask(
  path: string,
  authorization: string,
  method = "GET",
): Promise<{ status: number; body: string; lines: string[] }> {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (uri) => {
    expect(uri).toBe(`${ISSUER}/jwks`);
    return new Response(jwks);
  });
  const log = vi.spyOn(console, "log");
  const { default: app } = await import("../../src/worker.ts");
  const request = new Request(`http://localhost${path}`, { method, headers: { authorization } });
  const answer = await app.fetch(request, bindings, createExecutionContext());
  const lines = log.mock.calls.map(([line]) => String(line));
  vi.restoreAllMocks();
  return { status: answer.status, body: await answer.text(), lines };
}

const secretsOf = (workspace: string) => `/v2/workspaces/${workspace}/secrets`;

describe("a JWT", () => {
  test("may do what its permissions name in the workspace of its scope, and nothing else", async () => {
    const [mine, other] = [newWorkspace(), newWorkspace()];
    const jwt = await token({ workspace_id: mine, permissions: ["workspaces.auth_secret.get"] });
    expect((await ask(secretsOf(mine), `Bearer ${jwt}`)).status).toBe(200);
    expect((await ask(secretsOf(other), `Bearer ${jwt}`)).status).toBe(404);
    expect((await ask(`${secretsOf(mine)}/${crypto.randomUUID()}/token`, `Bearer ${jwt}`)).status).toBe(403);
  });

  test("of a tenant or contract reaches the workspaces below it", async () => {
    const { tenant, contract, workspace } = await newTenancy();
    const permissions = "workspaces.auth_secret.get other.thing";
    for (const scope of [{ tenant_id: tenant }, { contract_id: contract }, {}]) {
      const jwt = await token({ ...scope, permissions });
      expect((await ask(secretsOf(workspace), `Bearer ${jwt}`)).status).toBe(200);
    }
    const stranger = await newTenancy();
    const jwt = await token({ tenant_id: stranger.tenant, permissions });
    expect((await ask(secretsOf(workspace), `Bearer ${jwt}`)).status).toBe(404);
  });

  test("of a place that is not there, or is being deleted, is nobody's", async () => {
    const permissions = ["global.auth_clients.get"];
    const unknown = await token({ contract_id: "nowhere", permissions });
    expect((await ask("/v2/auth-clients", `Bearer ${unknown}`)).status).toBe(401);
    const tenant = `t-${crypto.randomUUID()}`;
    await newPlace("tenant", tenant);
    const jwt = await token({ tenant_id: tenant, permissions });
    expect((await ask("/v2/auth-clients", `Bearer ${jwt}`)).status).toBe(200);
    await ask(`/v2/tenants/${tenant}`, `Bearer ${env.ROOT_API_KEY}`, "DELETE");
    expect((await ask("/v2/auth-clients", `Bearer ${jwt}`)).status).toBe(401);
  });

  test("stands in the log by its subject alone", async () => {
    const jwt = await token({ permissions: ["global.auth_clients.get"] });
    const { lines } = await ask("/v2/auth-clients", `Bearer ${jwt}`);
    expect(lines.join()).toContain('"principal":"jwt:anna@');
    expect(lines.join()).not.toContain(jwt.slice(-30));
  });

  test("that was tampered with is refused in words that do not say why (SECURITY 23)", async () => {
    const jwt = await token({ permissions: [] });
    const [header, , signature] = jwt.split(".");
    const forged = btoa(JSON.stringify({ iss: ISSUER, aud: "edge-secrets", sub: "anna", exp: 4e9 })).replaceAll(
      "=",
      "",
    );
    const { status, body, lines } = await ask("/v2/auth-clients", `Bearer ${header}.${forged}.${signature}`);
    expect([status, JSON.parse(body).errors[0].detail]).toEqual([401, "This JWT is not valid."]);
    expect(lines.join()).toContain("jwt refused: ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  });

  test("is not taken as the password of Basic", async () => {
    const jwt = await token({ permissions: ["global.auth_clients.get"] });
    expect((await ask("/v2/auth-clients", `Basic ${btoa(`anna:${jwt}`)}`)).status).toBe(401);
  });
});
