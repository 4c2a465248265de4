/** What a provider's own error codes mean where its flavour says so. */

import { describe, expect, test } from "vitest";
import { type Flavour, flavouredClass } from "../../../src/domain/oauth2/flavour.ts";

describe("flavouredClass", () => {
  const flavour: Flavour = {
    errors: {
      bad_refresh_token: "reauthorize",
      access_denied: [{ class: "too_early", text: "Not Expired" }, { class: "config_error" }],
      invalid_grant: [{ class: "retry", text: "already being processed" }],
    },
  };

  test.each([
    ["bad_refresh_token", "whatever", "reauthorize"],
    ["access_denied", "Rate limit exceeded: access_token not expired", "too_early"],
    ["access_denied", "no", "config_error"],
    ["access_denied", undefined, "config_error"],
    ["invalid_grant", "Token request is ALREADY being processed", "retry"],
    ["invalid_grant", "revoked", null],
    ["invalid_grant", 7, null],
    ["unheard_of", "x", null],
    ["constructor", "x", null],
    [17, "x", null],
    [undefined, undefined, null],
  ])("%s with %s: %s", (code, description, expected) => {
    expect(flavouredClass(flavour, code, description)).toBe(expected);
  });

  test("leaves everything to the standard when nothing is set", () => {
    expect(flavouredClass(undefined, "invalid_grant", "")).toBeNull();
    expect(flavouredClass({}, "invalid_grant", "")).toBeNull();
  });
});
