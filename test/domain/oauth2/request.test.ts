/** Where the person is sent, and which endpoint is asked. */

import { describe, expect, test } from "vitest";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import { authorizationUrl, tokenEndpoint } from "../../../src/domain/oauth2/request.ts";

const registration = {
  client_id: "id & more",
  client_secret: "sentinel",
  auth_uri: "https://a.example.com/authorize?tenant=t1",
  token_uri: "https://a.example.com/token",
  refresh_token_uri: "https://a.example.com/refresh?x=1",
};
const flow = {
  redirectUri: "https://s.example.com/cb",
  state: "S",
  codeChallenge: "C",
  scopes: ["a", "b:c"],
  additionalParams: {},
};

function urlOf(change: Partial<typeof flow> & { variables?: Record<string, string> }, flavour: Flavour = {}): URL {
  return new URL(authorizationUrl({ ...registration, flavour }, { ...flow, ...change }) ?? "");
}

describe("authorizationUrl", () => {
  test("holds what RFC 6749 4.1.1 and RFC 7636 4.3 ask for, keeps the URI's own query, and no secret", () => {
    const url = urlOf({});
    expect(`${url.origin}${url.pathname}`).toBe("https://a.example.com/authorize");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: "t1",
      response_type: "code",
      client_id: "id & more",
      redirect_uri: "https://s.example.com/cb",
      scope: "a b:c",
      state: "S",
      code_challenge: "C",
      code_challenge_method: "S256",
    });
    expect(url.href).not.toContain("sentinel");
  });

  test("leaves the scope out when none is asked for", () => {
    expect(urlOf({ scopes: [] }).searchParams.has("scope")).toBe(false);
  });

  test("lets no additional parameter stand in for its own", () => {
    const additionalParams = { prompt: "consent", state: "mine", redirect_uri: "https://evil.example.com" };
    const { searchParams } = urlOf({ additionalParams });
    expect([searchParams.get("prompt"), searchParams.getAll("state"), searchParams.getAll("redirect_uri")]).toEqual([
      "consent",
      ["S"],
      ["https://s.example.com/cb"],
    ]);
  });
});

describe("authorizationUrl, as a flavour has it", () => {
  test("names, leaves out and adds parameters", () => {
    const flavour: Flavour = {
      param_names: { client_id: "client_key", redirect_uri: "redirect_url" },
      omit_params: ["response_type"],
      authorize_params: { access_type: "offline", prompt: "consent" },
      pkce: "off",
    };
    const additionalParams = { prompt: "none", client_key: "mine" };
    expect(Object.fromEntries(urlOf({ additionalParams }, flavour).searchParams)).toEqual({
      tenant: "t1",
      access_type: "offline",
      prompt: "none",
      client_key: "id & more",
      redirect_url: "https://s.example.com/cb",
      scope: "a b:c",
      state: "S",
    });
  });

  test("always asks for some scopes, once, with its separator", () => {
    const flavour: Flavour = { default_scopes: ["offline", "a"], scope_separator: "," };
    expect(urlOf({}, flavour).searchParams.get("scope")).toBe("a,b:c,offline");
  });

  test("leaves scopes as they are where they may not be encoded, but for what would end the parameter", () => {
    const scopes = ["a:b/c,d", "x&state=evil#y z"];
    const { href, searchParams } = urlOf({ scopes }, { raw_scope: true, scope_separator: "+" });
    expect(href).toContain("&scope=a:b/c,d+x%26state=evil%23y%20z");
    expect(searchParams.getAll("state")).toEqual(["S"]);
  });

  test("fills the host in, with what is allowed and nothing else", () => {
    const own = { ...registration, auth_uri: "https://{{fields.shop}}.example.com/authorize" };
    const hosts = { "fields.shop": "[a-z0-9-]+" };
    const url = (shop: string) =>
      authorizationUrl({ ...own, flavour: { hosts } }, { ...flow, variables: { "fields.shop": shop } });
    expect(new URL(url("acme") ?? "").host).toBe("acme.example.com");
    expect([url("evil.com/"), url("a.b"), url("")]).toEqual([null, null, null]);
  });
});

test("tokenEndpoint: codes go to token_uri, refresh tokens to refresh_token_uri", () => {
  expect(tokenEndpoint({ kind: "refresh", registration, refreshToken: "r" })).toBe(registration.refresh_token_uri);
  const exchange = {
    kind: "code_exchange",
    registration,
    callback: new URLSearchParams(),
    state: "",
    redirectUri: "",
    codeVerifier: "",
  } as const;
  expect(tokenEndpoint(exchange)).toBe(registration.token_uri);
});
