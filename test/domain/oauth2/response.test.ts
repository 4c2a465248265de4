/** What a token endpoint's answer means. */

import { describe, expect, test } from "vitest";
import { judgeRefusal, parseRetryAfter, tokenTypeOf } from "../../../src/domain/oauth2/response.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

describe("tokenTypeOf", () => {
  test.each([
    [undefined, "Bearer"],
    ["bearer", "Bearer"],
    ["BEARER", "Bearer"],
    ["Token", "Token"],
    ["User Access Token", "Bearer"],
    ["user", "Bearer"],
    ["Bearer\r\nX-Evil: 1", "Bearer"],
    [5, "Bearer"],
  ])("%j: %s", (token_type, type) => {
    expect(tokenTypeOf(token_type)).toBe(type);
  });
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
    expect(judgeRefusal(status, code, null)).toMatchObject({ class: refusal, reason, retryAfterSeconds: null });
  });
});

test("judgeRefusal puts no word of a provider's into the reason, which is shown", () => {
  const unknown = judgeRefusal(400, "words of a provider", null);
  expect(unknown).toMatchObject({ reason: "provider_refused", providerCode: "words of a provider" });
  const listed = judgeRefusal(400, "BAD_TOKEN", null, "reauthorize");
  expect(listed).toMatchObject({ class: "reauthorize", reason: "provider_refused", providerCode: "BAD_TOKEN" });
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
