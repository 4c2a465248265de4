/** What of an answer is kept with a grant. */

import { describe, expect, test } from "vitest";
import { type Members, readAnswer } from "../../../src/domain/oauth2/answer.ts";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import { type HeardTokens, heardGrant, isRefreshToken } from "../../../src/domain/oauth2/hearing.ts";
import type { TokenRequest } from "../../../src/domain/oauth2/request.ts";

const URI = "https://provider.example.com/";
const TOKENS = { accessToken: "the-new-access-token", refreshToken: "the-new-refresh-token" };
const SPENT = "the-spent-refresh-token";

function grantOf(
  answer: Members,
  flavour: Flavour = {},
  callback?: URLSearchParams,
  tokens: Partial<Pick<HeardTokens, "accessToken" | "refreshToken">> = {},
) {
  const registration = { client_id: "c", auth_uri: URI, token_uri: URI, refresh_token_uri: URI, flavour };
  const request: TokenRequest =
    callback === undefined
      ? { kind: "refresh", registration, refreshToken: SPENT }
      : { kind: "code_exchange", registration, callback, state: "s", redirectUri: URI, codeVerifier: "v" };
  const heard = { ...TOKENS, ...tokens, scope: null, jwtExpiresAt: null, subject: null };
  const result = heardGrant(request, readAnswer(flavour, answer), heard, 0);
  if (result.kind !== "granted") throw new Error("No grant was heard.");
  return result.grant;
}

describe("undefined_params", () => {
  test("hold no token, however deep it lies and whatever it is called", () => {
    const session = { id: 1, rt: TOKENS.refreshToken, at: [TOKENS.accessToken, "x", { old: SPENT }] };
    const link = `https://provider.example.com/?token=${TOKENS.refreshToken}`;
    expect(grantOf({ session, link, rt: SPENT, name: "n" }).undefined_params).toEqual({
      session: { id: 1, at: ["x", {}] },
      name: "n",
    });
  });

  test("keep texts that a short token is in by chance", () => {
    const { undefined_params } = grantOf({ site: "a-site", token: "a" }, {}, undefined, { accessToken: "a" });
    expect(undefined_params).toEqual({ site: "a-site" });
  });

  test("keep what came in the callback, however much an answer holds: URIs are made of it", () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`m${index}`, "x".repeat(100)]));
    const realm = "r".repeat(200);
    const callback = new URLSearchParams({ code: "c", realm });
    const { undefined_params } = grantOf({ ...many, callback: "no" }, { callback_extra: ["realm"] }, callback);
    expect(undefined_params).toMatchObject({ callback: { realm }, m0: expect.any(String) });
  });
});

test("A flavour that states the default grant type keeps a refresh token that the answer does not repeat", () => {
  const kept = grantOf({}, { refresh_grant_type: "refresh_token" }, undefined, { refreshToken: null });
  expect(kept.refresh_token).toBe(SPENT);
  expect(grantOf({}, { refresh_grant_type: "other" }, undefined, { refreshToken: null }).refresh_token).toBeNull();
});

describe("what is taken for an access token (SECURITY 18)", () => {
  const isTaken = (answer: Members, accessToken: string, flavour: Flavour = {}) => {
    const registration = { client_id: "c", auth_uri: URI, token_uri: URI, refresh_token_uri: URI, flavour };
    const request: TokenRequest = { kind: "refresh", registration, refreshToken: SPENT };
    return isRefreshToken(request, readAnswer(flavour, answer), accessToken);
  };

  test("is a refresh token where the answer calls it so, or where it was just spent", () => {
    const flavour = { field_names: { access_token: "refresh_token" } };
    expect(isTaken({ access_token: "a", refresh_token: "r" }, "r", flavour)).toBe(true);
    expect(isTaken({ access_token: "a", refreshToken: "r" }, "r", flavour)).toBe(true);
    expect(isTaken({ access_token: "a", echo: SPENT }, SPENT, { field_names: { access_token: "echo" } })).toBe(true);
  });

  test("is none where it is the access token, where both are one, and where one is exchanged for the next", () => {
    expect(isTaken({ access_token: "a", refresh_token: "r" }, "a")).toBe(false);
    expect(isTaken({ access_token: "a", refresh_token: "a" }, "a")).toBe(false);
    expect(isTaken({ token: SPENT }, SPENT, { refresh_grant_type: "renew" })).toBe(false);
  });
});
