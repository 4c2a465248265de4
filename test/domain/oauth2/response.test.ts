/** What a token endpoint's answer means. */

import { describe, expect, test } from "vitest";
import {
  conformingAnswer,
  isError,
  judgeRefusal,
  lifetimeSeconds,
  membersOf,
  parseRetryAfter,
  tokenTypeOf,
  undefinedParams,
} from "../../../src/domain/oauth2/response.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

function answer(body: string) {
  return { status: 200, retryAfter: null, body };
}

describe("membersOf", () => {
  test.each([
    ["JSON", '{"access_token":"a"}', { access_token: "a" }],
    ["JSON behind a byte order mark", '\uFEFF {"access_token":"a"}', { access_token: "a" }],
    ["a form", "access_token=a&scope=x%2Cy", { access_token: "a", scope: "x,y" }],
    ["HTML", "<html><body>oops</body></html>", null],
    ["XML", '<?xml version="1.0"?><a>b=c</a>', null],
    ["truncated JSON", '{"access_token":"a', null],
    ["nothing", "", null],
    ["a JSON array", "[1]", null],
  ])("%s", (_, body, members) => {
    expect(membersOf(answer(body))).toEqual(members);
  });
});

describe("conformingAnswer", () => {
  test.each([
    [{ access_token: "a" }, { access_token: "a", token_type: "Bearer" }],
    [
      { access_token: "a", token_type: "bearer" },
      { access_token: "a", token_type: "Bearer" },
    ],
    [
      { access_token: "a", scope: ["x", { toString: 1 }, 5, "y"] },
      { access_token: "a", token_type: "Bearer", scope: "x y" },
    ],
    [
      { access_token: "a", scope: ["x", "y"] },
      { access_token: "a", token_type: "Bearer", scope: "x y" },
    ],
    [
      { access_token: "a", scope: null, refresh_token: "" },
      { access_token: "a", token_type: "Bearer" },
    ],
    [
      { access_token: "a", refresh_token: "r", more: 1 },
      { access_token: "a", token_type: "Bearer", refresh_token: "r" },
    ],
  ])("%j", (members, conforming) => {
    expect(conformingAnswer(members)).toEqual(conforming);
  });
});

describe("tokenTypeOf", () => {
  test.each([
    [undefined, "Bearer"],
    ["bearer", "Bearer"],
    ["BEARER", "Bearer"],
    ["Token", "Token"],
    ["User Access Token", "Bearer"],
    ["Bearer\r\nX-Evil: 1", "Bearer"],
    [5, "Bearer"],
  ])("%j: %s", (token_type, type) => {
    expect(tokenTypeOf({ token_type })).toBe(type);
  });
});

describe("isError", () => {
  test.each([
    [{}, false],
    [{ error: null }, false],
    [{ error: "" }, false],
    [{ error: false }, false],
    [{ error: "invalid_grant" }, true],
    [{ error: { code: 190 } }, true],
  ])("%j: %s", (members, is) => {
    expect(isError(members)).toBe(is);
  });
});

test("undefinedParams keeps what OAuth does not name", () => {
  const members = { access_token: "a", refresh_token: "r", scope: "s", instance_url: "https://x", id_token: "i" };
  expect(undefinedParams(members)).toEqual({ instance_url: "https://x", id_token: "i" });
});

describe("judgeRefusal", () => {
  test.each([
    [400, "invalid_grant", "reauthorize", "invalid_grant"],
    [200, "invalid_grant", "reauthorize", "invalid_grant"],
    [400, "interaction_required", "reauthorize", "interaction_required"],
    [400, "consent_required", "reauthorize", "consent_required"],
    [401, "invalid_client", "config_error", "invalid_client"],
    [401, undefined, "config_error", "invalid_client"],
    [400, "unauthorized_client", "config_error", "unauthorized_client"],
    [400, "unsupported_grant_type", "config_error", "unsupported_grant_type"],
    [400, "invalid_scope", "config_error", "invalid_scope"],
    [400, "invalid_request", "config_error", "invalid_request"],
    [400, "access_denied", "config_error", "access_denied"],
    [400, "a code of their own", "config_error", "provider_refused"],
    [400, "temporarily_unavailable", "ambiguous", "temporarily_unavailable"],
    [400, undefined, "ambiguous", "http_400"],
    [404, undefined, "ambiguous", "http_404"],
    [408, undefined, "ambiguous", "http_408"],
    [425, undefined, "ambiguous", "http_425"],
    [500, "invalid_grant", "ambiguous", "http_500"],
    [503, undefined, "ambiguous", "http_503"],
    [429, "invalid_grant", "rate_limited", "rate_limited"],
    [302, undefined, "config_error", "redirect_refused"],
    [200, 5, "ambiguous", "unreadable_answer"],
  ])("%i %s: %s, %s", (status, code, refusal, reason) => {
    expect(judgeRefusal(status, code, null)).toEqual({ class: refusal, reason, retryAfterSeconds: null });
  });
});

describe("parseRetryAfter", () => {
  test.each([
    ["7", 7],
    [" 7 ", 7],
    ["Thu, 01 Jan 2026 00:02:00 GMT", 120],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["999999", 3600],
    ["soon", null],
    ["", null],
    [null, null],
  ])("%j: %s", (header, seconds) => {
    expect(parseRetryAfter(header, NOW)).toBe(seconds);
  });
});

describe("lifetimeSeconds", () => {
  const base = {
    expiresIn: undefined,
    clientDefault: undefined,
    jwtExpiresAt: null,
    sentAt: NOW,
    hasRefreshToken: true,
  };
  test.each([
    ["the answer", { expiresIn: 7200, clientDefault: 60 }, 7200],
    ["a number in a string", { expiresIn: "7200" }, 7200],
    ["at most 2^31-1", { expiresIn: 1e12 }, 2 ** 31 - 1],
    ["the client, when zero", { expiresIn: 0, clientDefault: 60 }, 60],
    ["the client, when negative", { expiresIn: -5, clientDefault: 60 }, 60],
    ["the client, when unreadable", { expiresIn: "soon", clientDefault: 60 }, 60],
    ["the client, when empty", { expiresIn: "", clientDefault: 60 }, 60],
    ["the client, when a list", { expiresIn: [7200], clientDefault: 60 }, 60],
    ["the client, when null", { expiresIn: null, clientDefault: 60 }, 60],
    ["the client, when true", { expiresIn: true, clientDefault: 60 }, 60],
    ["the JWT", { jwtExpiresAt: NOW + 90_000 }, 90],
    ["nothing is left, when the JWT is over", { jwtExpiresAt: NOW - 90_000 }, 0],
    ["the client, when less than a second", { expiresIn: 0.5, clientDefault: 60 }, 60],
    ["an hour with a refresh token", {}, 3600],
    ["never without", { hasRefreshToken: false }, null],
  ])("%s", (_, known, seconds) => {
    expect(lifetimeSeconds({ ...base, ...known })).toBe(seconds);
  });
});
