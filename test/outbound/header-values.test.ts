/** What the variables in headers stand for. */

import { expect, test } from "vitest";
import { headerValues } from "../../src/outbound/header-values.ts";

const URI = "https://provider.example.com/";
const REGISTRATION = { client_id: "c", auth_uri: URI, token_uri: URI, refresh_token_uri: URI };
const flavour = { headers: { sign: "{{signature}}" } };

test("A signature is made where a header wants one, and of a secret", async () => {
  const signed = { ...REGISTRATION, client_secret: "s", flavour };
  expect(await headerValues(signed, "refresh", 5)).toMatchObject({
    client_id: "c",
    timestamp: "5",
    signature: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(await headerValues({ ...signed, flavour: {} }, "refresh", 5)).toMatchObject({ signature: "" });
  expect(await headerValues({ ...REGISTRATION, flavour }, "refresh", 5)).toMatchObject({ signature: "" });
});
