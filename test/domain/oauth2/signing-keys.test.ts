import { describe, expect, test } from "vitest";
import type { SigningKey } from "../../../src/domain/oauth2/registration.ts";
import {
  algorithmOf,
  publicKeys,
  SIGNS_AFTER_MS,
  signingKey,
  signsItself,
  withKey,
} from "../../../src/domain/oauth2/signing-keys.ts";

const NOW = 1_800_000_000_000;
const SIGNS = NOW - SIGNS_AFTER_MS;

function key(kid: string, created_at = SIGNS, alg = "ES256"): SigningKey {
  return { kid, alg, created_at, jwk: { kty: "EC", crv: "P-256", x: "x", y: "y", d: "private", kid: "another" } };
}

describe("signingKey", () => {
  test.each([
    ["the newest that is old enough", [key("c"), key("b", SIGNS - 1), key("a", SIGNS - 2)], "c"],
    ["the one before, while the newest is too young", [key("b", SIGNS + 1), key("a")], "a"],
    ["the oldest, while all are too young", [key("b", NOW), key("a", SIGNS + 1)], "a"],
    ["the only one, however young", [key("a", NOW)], "a"],
    ["one of the algorithm, however young", [key("b", NOW), key("a", SIGNS, "RS256")], "b"],
  ])("is %s", (_, keys, expected) => {
    expect(signingKey(keys, "ES256", NOW)?.kid).toBe(expected);
  });

  test("is none where no key has the algorithm", () => {
    expect(signingKey([key("a")], "RS256", NOW)).toBeNull();
    expect(signingKey([], "ES256", NOW)).toBeNull();
  });
});

test("withKey puts a key in front, and keeps two of the others", () => {
  const kids = withKey([key("c"), key("b"), key("a")], key("d")).map(({ kid }) => kid);
  expect(kids).toEqual(["d", "c", "b"]);
});

test("publicKeys have no private member, whatever stands in a key", () => {
  expect(publicKeys([key("a")])).toEqual([
    { kty: "EC", crv: "P-256", x: "x", y: "y", kid: "a", use: "sig", alg: "ES256" },
  ]);
});

describe("a flavour", () => {
  test("says whether its clients sign, at refreshes alone too", () => {
    expect(signsItself({})).toBe(false);
    expect(signsItself({ client_auth: "private_key_jwt" })).toBe(true);
    expect(signsItself({ client_auth: "none", refresh: { client_auth: "private_key_jwt" } })).toBe(true);
  });

  test("says with which algorithm, which is ES256 where it does not", () => {
    expect([algorithmOf({}), algorithmOf({ client_assertion: { alg: "PS256" } })]).toEqual(["ES256", "PS256"]);
  });
});
