/** Promises that no other test is about: what cannot be registered, what stands in no address, what only the right key opens. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { digest, sameDigest } from "../../src/domain/digest.ts";
import { call, contract } from "../support/api.ts";

const URIS = {
  auth_uri: "https://p.example.com/a",
  token_uri: "https://p.example.com/t",
  refresh_token_uri: "https://p.example.com/t",
};

async function register(attributes: object, uris: object = {}): Promise<number> {
  const credentials = { client_id: "c", client_secret: "s", ...URIS, ...uris };
  const document = {
    data: { type: "auth-client", attributes: { type: "oauth2", name: "x", credentials, ...attributes } },
  };
  return (await call("POST", "/v2/auth-clients", document)).status;
}

describe("what cannot be registered (SECURITY 7)", () => {
  test.each(["implicit", "password", "token"])("the grant %s", async (grant_type) => {
    expect([await register({ grant_type }), await register({})]).toEqual([400, 201]);
  });

  test.each(["client_secret", "access_token", "refresh_token"])("%s in what a browser opens", async (name) => {
    expect(await register({ flavour: { authorize_params: { [name]: "x" } } })).toBe(400);
    expect(await register({}, { auth_uri: `${URIS.auth_uri}?${name}=x` })).toBe(400);
  });
});

test("no operation takes a token, key or secret in its query (SECURITY 20)", async () => {
  await contract();
  const { body } = await call("GET", "/openapi.json");
  const operations = Object.values(
    body.paths as Record<string, Record<string, { parameters?: { in: string; name: string }[] }>>,
  );
  const names = operations.flatMap((item) => Object.values(item).flatMap(({ parameters = [] }) => parameters));
  const inQuery = names.filter((each) => each.in === "query").map(({ name }) => name);
  expect(inQuery.length).toBeGreaterThan(10);
  expect(inQuery.filter((name) => /token|key|password|credential|client_secret/i.test(name))).toEqual([]);
});

test("a key in the query opens nothing (SECURITY 20)", async () => {
  const none = { authorization: "" };
  for (const name of ["access_token", "api_key", "key", "authorization"]) {
    expect((await call("GET", `/v2/providers?${name}=${env.ROOT_API_KEY}`, undefined, none)).status).toBe(401);
  }
});

test("digests have one length whatever they are of, and are the same only of the same (SECURITY 21)", async () => {
  const [one, other] = [await digest("a"), await digest("a".repeat(9000))];
  expect([one.length, other.length]).toEqual([64, 64]);
  expect([sameDigest(one, await digest("a")), sameDigest(one, other), sameDigest(one, one.slice(1))]).toEqual([
    true,
    false,
    false,
  ]);
});
