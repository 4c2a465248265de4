import { describe, expect, test } from "vitest";
import { inUseAfter, isAboutSecret, secretsToTry, withSecret } from "../../../src/domain/oauth2/client-secrets.ts";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import type { OAuth2Registration } from "../../../src/domain/oauth2/registration.ts";
import type { Reason, RefusalClass } from "../../../src/domain/oauth2/response.ts";

const uri = "https://p.example/t";
const TWO: OAuth2Registration = {
  client_id: "c",
  client_secret: "old",
  next_client_secret: "new",
  auth_uri: uri,
  token_uri: uri,
  refresh_token_uri: uri,
};
const { next_client_secret: _, ...ONE } = TWO;
const refresh = (registration: OAuth2Registration, flavour: Flavour = {}) =>
  ({ kind: "refresh", refreshToken: "r", registration: { ...registration, flavour } }) as const;

describe("secretsToTry", () => {
  test.each([
    ["both, in their order", TWO, {}, "client_secret", ["client_secret", "next_client_secret"]],
    ["the one that worked last first", TWO, {}, "next_client_secret", ["next_client_secret", "client_secret"]],
    ["one, where there is one", ONE, {}, "client_secret", ["client_secret"]],
    ["the one that is left, whichever worked last", ONE, {}, "next_client_secret", ["client_secret"]],
    ["one, where none is sent", TWO, { client_auth: "private_key_jwt" }, "client_secret", ["client_secret"]],
    [
      "both, where a header is signed with one",
      TWO,
      { client_auth: "none", headers: { sign: "{{signature}}" } },
      "client_secret",
      ["client_secret", "next_client_secret"],
    ],
    [
      "one, where none is sent at a refresh",
      TWO,
      { refresh: { client_auth: "none" } },
      "client_secret",
      ["client_secret"],
    ],
  ] as const)("are %s", (__, registration, flavour, inUse, expected) => {
    expect(secretsToTry(refresh(registration, flavour), inUse)).toEqual(expected);
  });

  test("are sent one at a time", () => {
    expect(withSecret(refresh(TWO), "next_client_secret").registration.client_secret).toBe("new");
    expect(withSecret(refresh(TWO), "client_secret").registration.client_secret).toBe("old");
    const { client_secret: ___, ...none } = ONE;
    expect(withSecret(refresh(none), "client_secret")).toEqual(refresh(none));
  });
});

describe("isAboutSecret", () => {
  test.each([
    ["config_error", "invalid_client", true],
    ["config_error", "unauthorized_client", true],
    ["config_error", "provider_refused", true],
    ["config_error", "redirect_refused", false],
    ["config_error", "address_refused", false],
    ["config_error", "invalid_scope", false],
    ["config_error", "invalid_request", false],
    ["config_error", "unsupported_grant_type", false],
    ["reauthorize", "invalid_grant", false],
    ["ambiguous", "timeout", false],
    ["rate_limited", "rate_limited", false],
    ["ambiguous", "provider_refused", false],
  ] as [RefusalClass, Reason, boolean][])("of %s by %s: %s", (kind, reason, expected) => {
    expect(isAboutSecret({ class: kind, reason, retryAfterSeconds: null }, {})).toBe(expected);
  });

  test("believes a flavour that says what a code of the standard means at this provider", () => {
    const refusal = { class: "config_error", reason: "invalid_request", retryAfterSeconds: null } as const;
    expect(isAboutSecret(refusal, { errors: { invalid_request: "config_error" } })).toBe(true);
    expect(isAboutSecret(refusal, { errors: { invalid_request: [{ class: "config_error", text: "secret" }] } })).toBe(
      true,
    );
    expect(isAboutSecret(refusal, { errors: { invalid_request: "retry" } })).toBe(false);
  });
});

describe("inUseAfter", () => {
  test("forgets which secret works as soon as either is another", () => {
    expect(inUseAfter(TWO, TWO, "next_client_secret")).toBe("next_client_secret");
    expect(inUseAfter(TWO, { ...TWO, client_secret: "x" }, "next_client_secret")).toBe("client_secret");
    expect(inUseAfter(TWO, ONE, "next_client_secret")).toBe("client_secret");
  });
});
