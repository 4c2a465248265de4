/** The key server of a real provider, and what is said of one that does not give its keys. */

import { expect, inject, test } from "vitest";
import { fetchJwks } from "../../src/outbound/jwks.ts";

const DEVELOPMENT = { allowLoopback: true };
const at = (path: string) => new URL(path, inject("provider").tokenUri).href;

test("fetchJwks gives the text of a key set", async () => {
  const set = JSON.parse(await fetchJwks(at("/jwks"), DEVELOPMENT));
  expect(set).toMatchObject({ keys: [{ kid: "test", alg: "ES256" }] });
});

test.each([
  ["an answer that is not 200", () => at("/nowhere"), DEVELOPMENT, "http_404"],
  ["a server that is not there", () => "http://127.0.0.1:1/jwks", DEVELOPMENT, "provider_unreachable"],
  ["an address that is refused (SECURITY 9)", () => at("/jwks"), { allowLoopback: false }, "address_refused"],
])("fetchJwks throws a short reason for %s", async (_, uri, policy, reason) => {
  await expect(fetchJwks(uri(), policy)).rejects.toThrowError(new Error(reason));
});
