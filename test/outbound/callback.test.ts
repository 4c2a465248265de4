/** `iss` at the callback (RFC 9207): compared exactly where the issuer is known, and asked for where the issuer says that it sends it. */

import { describe, expect, test } from "vitest";
import { registrationOf } from "../../src/domain/oauth2/registration.ts";
import { validCallback } from "../../src/outbound/callback.ts";

const ISSUER = "https://id.example.com";
const SENDS_IT = { issuer: ISSUER, authorization_response_iss_parameter_supported: true };

/** Checks a callback that holds this besides its code and state; gives the code, or what was wrong. */
function check(said: string, issuer: string | null, metadata: typeof SENDS_IT | { issuer: string } | null): string {
  const stated = { client_id: "a", client_secret: "s", token_uri: ISSUER, ...(issuer !== null && { issuer }) };
  const callback = new URLSearchParams(`code=c&state=s&${said}`);
  const registration = registrationOf(stated, null, metadata);
  const flow = { state: "s", redirectUri: "https://secrets.example.com/", codeVerifier: "v" };
  try {
    return validCallback({ kind: "code_exchange", registration, callback, ...flow }).get("code") ?? "no code";
  } catch (error) {
    return String(error);
  }
}

const iss = (value: string) => `iss=${encodeURIComponent(value)}`;

describe("validCallback (SECURITY 4)", () => {
  test.each([
    ["the issuer's own name", iss(ISSUER), ISSUER, SENDS_IT],
    ["its name where it does not say that it sends it", iss(ISSUER), ISSUER, { issuer: ISSUER }],
    ["its name where nothing was heard of it yet", iss(ISSUER), ISSUER, null],
    ["no name where it does not say that it sends one", "", ISSUER, { issuer: ISSUER }],
    ["any name where no issuer is known", iss("https://any.example.com"), null, null],
  ])("takes %s", (_, said, issuer, metadata) => {
    expect(check(said, issuer, metadata)).toBe("c");
  });

  test.each([
    ["another name", iss("https://other.example.com"), ISSUER, { issuer: ISSUER }],
    ["another name where nothing was heard of it yet", iss("https://other.example.com"), ISSUER, null],
    ["a slash too many", iss(`${ISSUER}/`), ISSUER, SENDS_IT],
    ["other letters", iss("https://ID.example.com"), ISSUER, SENDS_IT],
    ["no name where it says that it sends one", "", ISSUER, SENDS_IT],
    ["an empty name where it says that it sends one", "iss=", ISSUER, SENDS_IT],
    ["two names", `${iss(ISSUER)}&${iss(ISSUER)}`, ISSUER, SENDS_IT],
    ["two names where no issuer is known", `${iss(ISSUER)}&${iss(ISSUER)}`, null, null],
    ["an error in another's name", `error=access_denied&${iss("https://other.example.com")}`, ISSUER, SENDS_IT],
  ])("refuses %s", (_, said, issuer, metadata) => {
    expect(check(said, issuer, metadata)).toMatch(/iss\b/);
  });
});
