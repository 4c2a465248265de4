import { describe, expect, test } from "vitest";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import type { GrantType, OAuth2Registration } from "../../../src/domain/oauth2/registration.ts";
import { renewalOf, renewedWith } from "../../../src/domain/oauth2/renewal.ts";

const GRANT = { access_token: "a", refresh_token: "r", scope: "x,y" };

function registration(flavour: Flavour = {}, grant_type: GrantType = "authorization_code"): OAuth2Registration {
  const uri = "https://p.example/t";
  return { client_id: "c", auth_uri: uri, token_uri: uri, refresh_token_uri: uri, grant_type, flavour };
}

const exchanged = registration({ refresh_grant_type: "exchange" });

describe("renewedWith", () => {
  test.each([
    ["a refresh token, where there is one", registration(), "r", "refresh_token"],
    ["nothing, where there is none", registration(), null, null],
    ["the access token, where the flavour exchanges it", exchanged, null, "access_token"],
    ["the access token, though there is a refresh token beside it", exchanged, "r", "access_token"],
    [
      "a refresh token, where the flavour names the standard's grant",
      registration({ refresh_grant_type: "refresh_token" }),
      "r",
      "refresh_token",
    ],
    ["who the client is, for client_credentials", registration({}, "client_credentials"), null, "client"],
    ["who the client is, for jwt_bearer, whatever came with the token", registration({}, "jwt_bearer"), "r", "client"],
  ] as const)("is %s", (_, of, refreshToken, expected) => {
    expect(renewedWith(of, refreshToken)).toBe(expected);
  });
});

describe("renewalOf", () => {
  const renewal = (
    of: OAuth2Registration,
    scopes: string[] | null = null,
    grant: Partial<typeof GRANT> | object = {},
  ) => renewalOf(of, { ...GRANT, ...grant }, scopes, { "fields.shop": "acme" });

  test("spends the refresh token, and has the token at hand beside it", () => {
    expect(renewal(registration())).toMatchObject({
      kind: "refresh",
      refreshToken: "r",
      accessToken: "a",
      variables: { "fields.shop": "acme" },
    });
  });

  test("exchanges the access token", () => {
    expect(renewal(exchanged)).toMatchObject({ kind: "refresh", refreshToken: "a", accessToken: "a" });
  });

  test("asks for a new grant by the client's own type", () => {
    expect(renewal(registration({}, "client_credentials"))).toMatchObject({ kind: "client_credentials" });
    expect(renewal(registration({}, "jwt_bearer"))).toMatchObject({ kind: "jwt_bearer" });
  });

  test("is none where there is nothing to renew with", () => {
    expect(renewal(registration(), null, { refresh_token: null })).toBeNull();
  });

  test.each([
    ["what was asked for, with what always is", { default_scopes: ["d"] }, ["s"], ["s", "d"]],
    ["nothing, where nothing was", {}, [], []],
    ["what was granted, where nobody knows, as the provider separates it", { scope_separator: "," }, null, ["x", "y"]],
    ["what was granted as one, where it separates by spaces", {}, null, ["x,y"]],
  ])("asks for %s", (_, flavour, scopes, expected) => {
    expect(renewal(registration(flavour), scopes)?.kind === "refresh").toBe(true);
    expect(renewal(registration(flavour), scopes)).toMatchObject({ scopes: expected });
  });
});
