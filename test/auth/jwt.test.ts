/** 23: which JWTs are believed, what they say, and how seldom a key server is asked. */

import { base64url, exportSPKI, importJWK, SignJWT } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { type JwtBearer, looksLikeJwt, verifyJwt } from "../../src/auth/jwt.ts";
import type { ServiceError } from "../../src/errors.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { FakeIssuer } from "../support/jwt-issuer.ts";

const MINUTE = 60;

let issuer: FakeIssuer;
beforeEach(async () => {
  issuer = await FakeIssuer.create();
});

const verify = (token: string): Promise<JwtBearer> => verifyJwt(token, [issuer.settings], issuer.fetchKeys);
const failureOf = async (token: string) =>
  await verify(token).then(
    () => expect.unreachable("was believed"),
    (error: ServiceError) => error.failure,
  );
const now = () => Math.floor(Date.now() / 1000);
const encode = (value: object) => base64url.encode(JSON.stringify(value));
const signedByHmac = (secret: string) =>
  new SignJWT(issuer.claims())
    .setProtectedHeader({ alg: "HS256", kid: "first" })
    .sign(new TextEncoder().encode(secret));

describe("a JWT says", () => {
  test("who asks, for what, where and until when", async () => {
    const exp = now() + 60;
    const token = await issuer.sign({ permissions: ["workspaces.auth_secret.get"], workspace_id: "w-1", exp });
    expect(await verify(token)).toEqual({
      id: "jwt:flow-runner@id.example.com",
      permissions: new Set(["workspaces.auth_secret.get"]),
      place: { level: "workspace", id: "w-1" },
      expiresAt: exp * 1000,
    });
  });

  test.each([
    ["an array", ["workspaces.auth_secret.get", "global.tenants.get"]],
    ["a text with spaces", "workspaces.auth_secret.get global.tenants.get"],
    ["an array with unknown names", ["workspaces.auth_secret.get", "everything", "", "global.tenants.get"]],
    ["a text with unknown names", " all workspaces.auth_secret.get  global.tenants.get *"],
  ])("permissions as %s", async (_, permissions) => {
    const bearer = await verify(await issuer.sign({ permissions }));
    expect(bearer.permissions).toEqual(new Set(["workspaces.auth_secret.get", "global.tenants.get"]));
  });

  test.each([undefined, [], "", "toString __proto__"])("no permissions by %j", async (permissions) => {
    expect((await verify(await issuer.sign({ permissions }))).permissions.size).toBe(0);
  });

  test.each([
    [{}, { level: "global" }],
    [{ tenant_id: "t" }, { level: "tenant", id: "t" }],
    [{ contract_id: "c" }, { level: "contract", id: "c" }],
    [{ workspace_id: "w" }, { level: "workspace", id: "w" }],
  ])("where by %j", async (claims, place) => {
    expect((await verify(await issuer.sign(claims))).place).toEqual(place);
  });

  test("a subject that can make no line of its own in a log, and no long one (SECURITY 27)", async () => {
    const { id } = await verify(await issuer.sign({ sub: `a\nb c\u0000é${"x".repeat(300)}` }));
    expect(id).toMatch(new RegExp(`^jwt:a_b_c__${"x".repeat(93)}~[0-9a-f]{16}@id\\.example\\.com$`));
  });

  test("two subjects by two names, also where neither can be written whole (SECURITY 25)", async () => {
    const subjects = ["a b", "a_b", "a\u00e9b", `${"x".repeat(100)}1`, `${"x".repeat(100)}2`];
    const names = await Promise.all(subjects.map(async (sub) => (await verify(await issuer.sign({ sub }))).id));
    expect(new Set(names).size).toBe(subjects.length);
  });

  test("as much as 8 KiB can hold", async () => {
    const { length } = await issuer.sign({ filler: "" });
    const token = await issuer.sign({ filler: "x".repeat(Math.floor(((8 * 1024 - length) * 3) / 4)) });
    expect(token.length).toBeGreaterThan(8 * 1024 - 4);
    expect((await verify(token)).id).toBe("jwt:flow-runner@id.example.com");
  });

  test("the audience as one of several", async () => {
    expect((await verify(await issuer.sign({ aud: ["other", "edge-secrets"] }))).id).toBe(
      "jwt:flow-runner@id.example.com",
    );
  });

  test("what its own issuer may say, where there are several", async () => {
    const other = await FakeIssuer.create();
    const settings = { ...other.settings, issuer: "https://other.example.com", audience: "theirs" };
    const both = [issuer.settings, settings];
    const token = await other.sign({ iss: settings.issuer, aud: "theirs" });
    expect((await verifyJwt(token, both, other.fetchKeys)).id).toBe("jwt:flow-runner@other.example.com");
    const crossed = await other.sign({ iss: issuer.settings.issuer, aud: "edge-secrets" });
    await expect(verifyJwt(crossed, both, issuer.fetchKeys)).rejects.toThrowError("unauthenticated");
  });
});

test.each([
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
  ...["EdDSA", "Ed25519"],
])("verifyJwt believes %s where the issuer may use it (SECURITY 23)", async (alg) => {
  await issuer.addKey("other", alg);
  const settings = { ...issuer.settings, algorithms: [alg] };
  const token = await issuer.sign({}, { alg }, "other");
  expect((await verifyJwt(token, [settings], issuer.fetchKeys)).id).toBe("jwt:flow-runner@id.example.com");
});

test.each([
  ["a.b.c", true],
  ["a.b.", true],
  ["a.b", false],
  ["a.b.c.d.e", false],
  ["esk_00000000-0000-4000-8000-000000000000_x", false],
  ["", false],
])("looksLikeJwt(%j) is %s", (text, is) => {
  expect(looksLikeJwt(text)).toBe(is);
});

describe("verifyJwt refuses (SECURITY 23)", () => {
  const refused: [what: string, reason: string, token: () => string | Promise<string>][] = [
    ["a token that expired", "ERR_JWT_EXPIRED exp", () => issuer.sign({ exp: now() })],
    ["a token without exp", "ERR_JWT_CLAIM_VALIDATION_FAILED exp", () => issuer.sign({ exp: undefined })],
    ["a token of later", "ERR_JWT_CLAIM_VALIDATION_FAILED nbf", () => issuer.sign({ nbf: now() + MINUTE })],
    ["another audience", "ERR_JWT_CLAIM_VALIDATION_FAILED aud", () => issuer.sign({ aud: "other" })],
    ["no audience", "ERR_JWT_CLAIM_VALIDATION_FAILED aud", () => issuer.sign({ aud: undefined })],
    ["another issuer", "unknown iss", () => issuer.sign({ iss: "https://id.example.com/" })],
    ["no issuer", "unknown iss", () => issuer.sign({ iss: undefined })],
    ["no subject", "ERR_JWT_CLAIM_VALIDATION_FAILED sub", () => issuer.sign({ sub: undefined })],
    ["an empty subject", "sub is no text", () => issuer.sign({ sub: "" })],
    ["no kid", "no kid", () => issuer.sign({}, { kid: undefined })],
    ["an empty kid", "no kid", () => issuer.sign({}, { kid: "" })],
    ["two scopes", "more than one scope", () => issuer.sign({ workspace_id: "w", tenant_id: "t" })],
    ["a malformed workspace", "workspace_id malformed", () => issuer.sign({ workspace_id: "w/../v" })],
    ["an empty contract", "contract_id malformed", () => issuer.sign({ contract_id: "" })],
    ["a tenant of null", "tenant_id malformed", () => issuer.sign({ tenant_id: null })],
    ["permissions of another shape", "permissions malformed", () => issuer.sign({ permissions: { all: true } })],
    ["a permission that is no text", "permissions malformed", () => issuer.sign({ permissions: [1] })],
    ["an unknown critical header", "ERR_JOSE_NOT_SUPPORTED", () => criticalToken()],
    ["a token over 8 KiB", "too long", () => issuer.sign({ filler: "x".repeat(8 * 1024) })],
    ["anything over 8 KiB, unread", "too long", () => ".".repeat(8 * 1024 + 1)],
    ["an API key", "not of three parts", () => "esk_x"],
    ["no text at all", "not of three parts", () => ""],
    ["parts that are no JSON", "TypeError", () => "a.b.c"],
    ["two parts", "not of three parts", async () => (await issuer.sign()).split(".").slice(0, 2).join(".")],
    ["five parts", "not of three parts", async () => `${await issuer.sign()}.x.y`],
    [
      "alg none",
      "ERR_JOSE_ALG_NOT_ALLOWED",
      () => `${encode({ alg: "none", kid: "first" })}.${encode(issuer.claims())}.`,
    ],
    [
      "HMAC by the public key's JWK",
      "ERR_JOSE_ALG_NOT_ALLOWED",
      () => signedByHmac(JSON.stringify(issuer.published[0])),
    ],
    ["HMAC by the public key's PEM", "ERR_JOSE_ALG_NOT_ALLOWED", async () => signedByHmac(await publishedPem())],
    ["an algorithm that is not the issuer's", "ERR_JOSE_ALG_NOT_ALLOWED", () => tokenOfAlg("ES384")],
    [
      "an algorithm that is not the key's",
      "ERR_JWKS_NO_MATCHING_KEY",
      () => relabelled({ alg: "RS256", kid: "first" }),
    ],
    ["a changed payload", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", () => tampered()],
    ["no signature", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", async () => (await issuer.sign()).replace(/[^.]*$/, "")],
    [
      "another's key of the same kid",
      "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
      async () => (await FakeIssuer.create()).sign(),
    ],
    ["a key in its own header", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED", () => selfSigned()],
  ];

  test.each(refused)("%s", async (_, reason, makeToken) => {
    const token = await makeToken();
    expect(await failureOf(token)).toEqual({
      code: "unauthenticated",
      problems: [{ detail: "This JWT is not valid." }],
      internal: `jwt refused: ${reason}`,
    });
  });

  test("everything while there is no issuer", async () => {
    const token = await issuer.sign();
    await expect(verifyJwt(token, [], issuer.fetchKeys)).rejects.toThrowError("unauthenticated");
    expect(issuer.fetches).toBe(0);
  });

  test("HMAC even by a secret that the key server publishes", async () => {
    issuer.published.push({ kty: "oct", kid: "shared", alg: "HS256", k: base64url.encode("x".repeat(32)) });
    const token = await new SignJWT(issuer.claims())
      .setProtectedHeader({ alg: "HS256", kid: "shared" })
      .sign(new TextEncoder().encode("x".repeat(32)));
    expect((await failureOf(token)).code).toBe("unauthenticated");
  });

  test("a token from the moment that it expires, not before", async () => {
    const token = await issuer.sign({ exp: now() + 3600, nbf: now() + MINUTE });
    const start = Date.now();
    expect((await failureOf(token)).internal).toContain("nbf");
    travelTo(start + 2 * MINUTE * 1000);
    expect((await verify(token)).id).toBe("jwt:flow-runner@id.example.com");
    travelTo(start + 3601 * 1000);
    expect((await failureOf(token)).internal).toContain("exp");
  });

  test("without asking the key server where the header or the issuer already says no", async () => {
    for (const token of [await issuer.sign({ iss: "x" }), await tokenOfAlg("ES384"), "a.b.c"]) await failureOf(token);
    expect(issuer.fetches).toBe(0);
  });

  async function publishedPem(): Promise<string> {
    const [jwk = {}] = issuer.published;
    return await exportSPKI((await importJWK(jwk)) as CryptoKey);
  }
  async function tokenOfAlg(alg: string): Promise<string> {
    await issuer.addKey(alg, alg);
    return await issuer.sign({}, { alg }, alg);
  }
  async function relabelled(header: object): Promise<string> {
    return (await issuer.sign()).replace(/^[^.]*/, encode(header));
  }
  async function criticalToken(): Promise<string> {
    return await relabelled({ alg: "ES256", kid: "first", crit: ["surprise"], surprise: true });
  }
  async function tampered(): Promise<string> {
    const [header, , signature] = (await issuer.sign({ workspace_id: "w" })).split(".");
    return `${header}.${encode(issuer.claims({ workspace_id: "v" }))}.${signature}`;
  }
  async function selfSigned(): Promise<string> {
    const attacker = await FakeIssuer.create();
    const [jwk = {}] = attacker.published;
    return await attacker.sign({}, { jwk, jku: "https://attacker.example.com/jwks" });
  }
});

describe("the keys of an issuer (SECURITY 23)", () => {
  test("are fetched once for 100 tokens", async () => {
    for (let n = 0; n < 100; n++) await verify(await issuer.sign({ sub: `s${n}` }));
    expect(issuer.fetches).toBe(1);
  });

  test("are fetched once for 100 tokens that come together", async () => {
    stopClock();
    const token = await issuer.sign();
    await Promise.all(Array.from({ length: 100 }, () => verify(token)));
    expect(issuer.fetches).toBe(1);
  });

  test("are fetched again after ten minutes", async () => {
    const start = Date.now();
    await verify(await issuer.sign());
    travelTo(start + 9 * MINUTE * 1000);
    await verify(await issuer.sign());
    expect(issuer.fetches).toBe(1);
    travelTo(start + 11 * MINUTE * 1000);
    await verify(await issuer.sign());
    expect(issuer.fetches).toBe(2);
  });

  test("that it took back are not believed after ten minutes", async () => {
    await verify(await issuer.sign());
    issuer.published.length = 0;
    travelTo(Date.now() + 11 * MINUTE * 1000);
    expect((await failureOf(await issuer.sign())).internal).toBe("jwt refused: ERR_JWKS_NO_MATCHING_KEY");
  });

  test("are fetched again, once, for a new kid, which is then known", async () => {
    await verify(await issuer.sign());
    await issuer.addKey("second");
    stopClock(Date.now() + 2000);
    for (let n = 0; n < 3; n++) await verify(await issuer.sign({}, {}, "second"));
    await verify(await issuer.sign());
    expect(issuer.fetches).toBe(2);
  });

  test("are fetched once a second for kids that do not exist, one after another or together", async () => {
    await verify(await issuer.sign());
    const start = Date.now();
    stopClock(start + 2000);
    for (let n = 0; n < 5; n++) await failureOf(await issuer.sign({}, { kid: `made-up-${n}` }));
    expect(issuer.fetches).toBe(2);
    stopClock(start + 4000);
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, n) => issuer.sign({}, { kid: `made-up-${n}` })));
    const failures = await Promise.all(tokens.map(failureOf));
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(["unauthenticated"]));
    expect(issuer.fetches).toBe(3);
  });

  test.each<[string, () => Promise<string>, string]>([
    ["does not answer", () => Promise.reject(new Error("timeout")), "timeout"],
    ["sends no JSON", async () => "<html>", "Failed to parse the JSON Web Key Set HTTP response as JSON"],
    ["sends no key set", async () => "[]", "JSON Web Key Set malformed"],
  ])("cannot be had while the key server %s: provider_unreachable, asked once a second", async (_, fault, reason) => {
    const start = Date.now();
    stopClock(start);
    issuer.fault = fault;
    const token = await issuer.sign();
    const failures = [
      await failureOf(token),
      ...(await Promise.all(Array.from({ length: 20 }, () => failureOf(token)))),
    ];
    for (const failure of failures) {
      expect(failure).toEqual({
        code: "provider_unreachable",
        problems: [{ detail: "The keys of this JWT's issuer cannot be fetched now." }],
        retryAfterSeconds: 5,
        internal: `keys of https://id.example.com: ${reason}`,
      });
    }
    expect(issuer.fetches).toBe(1);
    issuer.fault = null;
    travelTo(start + 2000);
    expect((await verify(token)).id).toBe("jwt:flow-runner@id.example.com");
  });

  test("serve known tokens while the key server is down", async () => {
    await verify(await issuer.sign());
    issuer.fault = () => Promise.reject(new Error("http_500"));
    travelTo(Date.now() + 2000);
    expect((await failureOf(await issuer.sign({}, { kid: "unknown" }))).code).toBe("provider_unreachable");
    expect((await verify(await issuer.sign())).id).toBe("jwt:flow-runner@id.example.com");
  });

  test("are waited for one second at most behind a request that never came back", async () => {
    const lost = new Promise<string>(() => {});
    issuer.fault = () => {
      issuer.fault = null;
      return lost;
    };
    const token = await issuer.sign();
    void verify(token);
    expect((await verify(token)).id).toBe("jwt:flow-runner@id.example.com");
    expect(issuer.fetches).toBe(2);
  });
});
