/** The setting JWT_ISSUERS: what it may hold, and that a server with a wrong one says so. */

import { describe, expect, test } from "vitest";
import { type Env, type Settings, settingsOf } from "../../src/bindings.ts";
import type { ServiceError } from "../../src/errors.ts";

const ISSUER = { issuer: "https://id.example.com", audience: "a", jwks_uri: "https://id.example.com/jwks" };

const settingsWith = (changes: Partial<Env>): Settings => settingsOf({ ...changes } as Env);
const issuersOf = (value: unknown) => settingsWith({ JWT_ISSUERS: JSON.stringify(value) }).jwtIssuers;

function faultOf(text: string, changes: Partial<Env> = {}): string | undefined {
  try {
    settingsWith({ ...changes, JWT_ISSUERS: text });
  } catch (error) {
    const { code, internal } = (error as ServiceError).failure;
    expect(code).toBe("internal");
    return internal;
  }
}

describe("JWT_ISSUERS", () => {
  test.each([[{}], [{ JWT_ISSUERS: "" }], [{ JWT_ISSUERS: "[]" }]])("names nobody in %j", (env) => {
    expect(settingsWith(env).jwtIssuers).toEqual([]);
  });

  test("holds issuers with their algorithms, ES256 and RS256 unless it says otherwise", () => {
    const other = { ...ISSUER, issuer: "other", algorithms: ["EdDSA", "PS512"] };
    const common = { audience: "a", jwksUri: "https://id.example.com/jwks" };
    expect(issuersOf([ISSUER, other])).toEqual([
      { ...common, issuer: "https://id.example.com", algorithms: ["ES256", "RS256"] },
      { ...common, issuer: "other", algorithms: ["EdDSA", "PS512"] },
    ]);
  });

  test("is read once for an environment, so that an issuer's keys are kept", () => {
    const env = { JWT_ISSUERS: JSON.stringify([ISSUER]) } as Env;
    expect(settingsOf(env).jwtIssuers[0]).toBe(settingsOf(env).jwtIssuers[0]);
  });

  test.each<[unknown, string]>([
    [{}, "must be a JSON array"],
    [null, "must be a JSON array"],
    [["x"], "[0] must be an object"],
    [[null], "[0] must be an object"],
    [[{ ...ISSUER, algorithm: ["ES256"] }], '[0] must not have a member "algorithm"'],
    [[{ ...ISSUER, issuer: "" }], "[0] issuer must be a string that is not empty"],
    [[{ ...ISSUER, audience: ["a"] }], "[0] audience must be a string that is not empty"],
    [[{ ...ISSUER, jwks_uri: undefined }], "[0] jwks_uri must be a string that is not empty"],
    [[ISSUER, { ...ISSUER, audience: "b" }], "[1] must name another issuer"],
  ])("is refused as %j", (value, fault) => {
    expect(faultOf(JSON.stringify(value))).toBe(`JWT_ISSUERS ${fault}`);
  });

  test("is refused when it is no JSON", () => {
    expect(faultOf("https://id.example.com")).toBe("JWT_ISSUERS must be a JSON array");
  });

  test.each([["none"], ["HS256"], ["ES256", "HS512"], ["dir"], ["es256"], [null], []])(
    "is refused with the algorithms %j %j (SECURITY 23)",
    (...algorithms) => {
      expect(faultOf(JSON.stringify([{ ...ISSUER, algorithms }]))).toContain("JWT_ISSUERS [0] algorithms must be some");
    },
  );

  test("is refused with algorithms as text (SECURITY 23)", () => {
    expect(faultOf(JSON.stringify([{ ...ISSUER, algorithms: "ES256" }]))).toContain("algorithms must be some of RS256");
  });

  test("follows the egress rules with the key server's address (SECURITY 9)", () => {
    const at = (jwks_uri: string) => JSON.stringify([{ ...ISSUER, jwks_uri }]);
    expect(faultOf(at("http://id.example.com/jwks"))).toBe("JWT_ISSUERS [0] jwks_uri must use https");
    expect(faultOf(at("https://169.254.169.254/"))).toBe("JWT_ISSUERS [0] jwks_uri must name a public host");
    expect(faultOf(at("http://127.0.0.1:9000/jwks"))).toBe("JWT_ISSUERS [0] jwks_uri must use https");
    expect(faultOf(at("http://127.0.0.1:9000/jwks"), { ALLOW_LOOPBACK: "true" })).toBeUndefined();
  });
});
