/** What is kept of an issuer's metadata, what it tells of a provider's flavour, and when it is asked for again. */

import { describe, expect, test } from "vitest";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import { keptMetadata, nextDiscovery, type ProviderMetadata } from "../../../src/domain/oauth2/metadata.ts";
import {
  flavourOfMetadata,
  missingUris,
  registrationOf,
  type StatedRegistration,
} from "../../../src/domain/oauth2/registration.ts";

const ISSUER = "https://id.example.com";
const PRODUCTION = { allowLoopback: false };
const MINUTE = 60_000;

describe("keptMetadata", () => {
  test("keeps what this service looks at, under the issuer that was asked", () => {
    const known = {
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token?keep=me`,
      revocation_endpoint: "https://other.example.com/revoke",
      introspection_endpoint: `${ISSUER}/introspect`,
      token_endpoint_auth_methods_supported: ["client_secret_basic", "none"],
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    };
    const others = { issuer: "https://another.example.com", jwks_uri: `${ISSUER}/jwks`, scopes_supported: ["a"] };
    expect(keptMetadata(ISSUER, { ...known, ...others }, PRODUCTION)).toEqual({ issuer: ISSUER, ...known });
  });

  test.each([
    ["on a private address", "https://10.0.0.1/token"],
    ["over plain http", "http://id.example.com/token"],
    ["at another port", "https://id.example.com:8443/token"],
    ["of a local name", "https://token.internal/"],
    ["on this machine, where that is not allowed", "http://127.0.0.1:4000/token"],
    ["with a password", "https://a:b@id.example.com/token"],
    ["that is no URI", "/token"],
    ["that is no text", 5],
    ["that is too long", `https://id.example.com/${"x".repeat(2048)}`],
    ["with a variable", "https://{{fields.shop}}.example.com/token"],
  ])("drops an endpoint %s (SECURITY 9)", (_, token_endpoint) => {
    const authorization_endpoint = `${ISSUER}/authorize`;
    const kept = keptMetadata(ISSUER, { token_endpoint, authorization_endpoint }, PRODUCTION);
    expect(kept).toEqual({ issuer: ISSUER, authorization_endpoint });
  });

  test("bounds what it keeps, whatever is sent", () => {
    const endless = Array.from({ length: 10_000 }, (_, index) => `method-${index}`);
    const said = {
      token_endpoint_auth_methods_supported: [5, null, "x".repeat(101), ...endless],
      code_challenge_methods_supported: "S256",
      authorization_response_iss_parameter_supported: "true",
    };
    const kept = keptMetadata(ISSUER, said, PRODUCTION);
    expect(kept).toEqual({ issuer: ISSUER, token_endpoint_auth_methods_supported: endless.slice(0, 30) });
  });
});

describe("flavourOfMetadata", () => {
  const SECRET = { client_secret: "s" };
  const KEYS: Pick<StatedRegistration, "keys"> = { keys: [{ kid: "1", alg: "ES256", jwk: {}, created_at: 0 }] };
  const [POST, BASIC, SIGNED] = ["client_secret_post", "client_secret_basic", "private_key_jwt"] as const;

  test.each<[string, string[] | undefined, Partial<StatedRegistration>, Flavour["client_auth"]]>([
    ["the body where both are supported", [BASIC, POST], SECRET, "body"],
    ["Basic where nothing else is", [BASIC], SECRET, "basic"],
    ["Basic where nothing is said (RFC 8414 2)", undefined, SECRET, "basic"],
    ["the default where nothing is supported that the client can do", [SIGNED, "tls_client_auth"], SECRET, undefined],
    ["a signature where the client has keys and its secret is not taken", [SIGNED], { ...SECRET, ...KEYS }, SIGNED],
    ["the secret where the client has keys besides", [SIGNED, POST], { ...SECRET, ...KEYS }, "body"],
    ["a signature where the client has no secret", [POST, SIGNED, "none"], {}, SIGNED],
    ["a signature where the client has keys alone", [POST, SIGNED], KEYS, SIGNED],
    ["nothing where the client has no secret and that is supported", [POST, "none"], {}, "none"],
    ["the default where a client without a secret is not supported", [POST, BASIC], {}, undefined],
    ["the default for what proves itself by its grant", [POST, SIGNED], { grant_type: "jwt_bearer" }, undefined],
  ])("authenticates by %s", (_, token_endpoint_auth_methods_supported, stated, expected) => {
    const metadata: ProviderMetadata = {
      issuer: ISSUER,
      ...(token_endpoint_auth_methods_supported && { token_endpoint_auth_methods_supported }),
    };
    expect(flavourOfMetadata(metadata, { client_id: "a", ...stated }).client_auth).toBe(expected);
  });

  test.each<[string, string[] | undefined, Flavour["pkce"]]>([
    ["stays where S256 is supported", ["plain", "S256"], undefined],
    ["stays where nothing is said", undefined, undefined],
    ["is off where only plain is supported", ["plain"], "off"],
    ["is off where nothing is supported", [], "off"],
  ])("PKCE %s", (_, code_challenge_methods_supported, expected) => {
    const metadata = { issuer: ISSUER, ...(code_challenge_methods_supported && { code_challenge_methods_supported }) };
    expect(flavourOfMetadata(metadata, { client_id: "a" }).pkce).toBe(expected);
  });

  test("names where tokens are revoked and looked up", () => {
    const endpoints = { revocation_endpoint: `${ISSUER}/revoke`, introspection_endpoint: `${ISSUER}/introspect` };
    expect(flavourOfMetadata({ issuer: ISSUER, ...endpoints }, { client_id: "a" })).toMatchObject({
      revoke_uri: endpoints.revocation_endpoint,
      introspect_uri: endpoints.introspection_endpoint,
    });
  });

  test("tells nothing where nothing was heard", () => {
    expect(flavourOfMetadata(null, { client_id: "a" })).toEqual({});
  });
});

describe("registrationOf", () => {
  const metadata: ProviderMetadata = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    revocation_endpoint: `${ISSUER}/revoke`,
    token_endpoint_auth_methods_supported: ["client_secret_basic"],
    code_challenge_methods_supported: [],
  };
  const stated = { client_id: "a", client_secret: "s", issuer: ISSUER };

  test("fills what nobody states from the metadata", () => {
    expect(registrationOf(stated, null, metadata)).toMatchObject({
      auth_uri: `${ISSUER}/authorize`,
      token_uri: `${ISSUER}/token`,
      refresh_token_uri: `${ISSUER}/token`,
      flavour: { client_auth: "basic", pkce: "off", revoke_uri: `${ISSUER}/revoke` },
      metadata,
    });
  });

  test("lets what the client states win over the preset, and that over the metadata", () => {
    const preset = {
      title: "x",
      documentation: "https://x.example.com",
      auth_uri: "https://preset.example.com/authorize",
      token_uri: "https://preset.example.com/token",
      flavour: { client_auth: "bearer_secret", pkce: "S256" },
    } as const;
    const own = { ...stated, token_uri: "https://own.example.com/token", flavour: { client_auth: "body" } } as const;
    expect(registrationOf(own, preset, metadata)).toMatchObject({
      auth_uri: "https://preset.example.com/authorize",
      token_uri: "https://own.example.com/token",
      flavour: { client_auth: "body", pkce: "S256", revoke_uri: `${ISSUER}/revoke` },
    });
  });
});

test.each<[string, Partial<StatedRegistration>, string[]]>([
  ["both for consent", {}, ["auth_uri", "token_uri"]],
  ["the token endpoint alone for other grants", { grant_type: "client_credentials" }, ["token_uri"]],
  ["what is not there", { token_uri: "https://a.example.com/" }, ["auth_uri"]],
  ["nothing", { token_uri: "https://a.example.com/", auth_uri: "https://a.example.com/" }, []],
])("missingUris lists %s", (_, stated, expected) => {
  expect(missingUris(registrationOf({ client_id: "a", ...stated }, null, null))).toEqual(expected);
});

describe("nextDiscovery", () => {
  const HOUR = 60 * MINUTE;

  test.each([
    [0, 22 * HOUR, 24 * HOUR],
    [1, 8 * MINUTE, 12 * MINUTE],
    [2, 16 * MINUTE, 24 * MINUTE],
    [3, 32 * MINUTE, 48 * MINUTE],
    [100, 4.8 * HOUR, 7.2 * HOUR],
  ])("after %i failures is at a random moment between %i and %i ms ahead", (failures, least, most) => {
    const ends = [0, 0.999_999].map((random) => nextDiscovery(failures, 0, random)).toSorted((a, b) => a - b);
    expect(ends[0]).toBeGreaterThanOrEqual(least);
    expect(ends[0]).toBeLessThanOrEqual(least + 1000);
    expect(ends[1]).toBeGreaterThanOrEqual(most - 1000);
    expect(ends[1]).toBeLessThanOrEqual(most);
  });
});
