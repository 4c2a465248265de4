/** Where the person is sent, and which endpoint is asked. */

import { describe, expect, test } from "vitest";
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

describe("authorizationUrl", () => {
  test("holds what RFC 6749 4.1.1 and RFC 7636 4.3 ask for, keeps the URI's own query, and no secret", () => {
    const url = new URL(authorizationUrl(registration, flow));
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
    expect(new URL(authorizationUrl(registration, { ...flow, scopes: [] })).searchParams.has("scope")).toBe(false);
  });

  test("lets no additional parameter stand in for its own", () => {
    const additionalParams = { prompt: "consent", state: "mine", redirect_uri: "https://evil.example.com" };
    const { searchParams } = new URL(authorizationUrl(registration, { ...flow, additionalParams }));
    expect([searchParams.get("prompt"), searchParams.getAll("state"), searchParams.getAll("redirect_uri")]).toEqual([
      "consent",
      ["S"],
      ["https://s.example.com/cb"],
    ]);
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
