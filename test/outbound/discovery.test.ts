/** Discovery: what a real provider tells, and what is made of one that lies, is slow, or says nothing. */

import { describe, expect, inject, test } from "vitest";
import { discover } from "../../src/outbound/discovery.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";
import type { ScriptedAnswer } from "../support/scripted-server-contract.ts";

const DEVELOPMENT = { allowLoopback: true };

const failed = (fault: string) => ({ kind: "failed", fault });
const pathsOf = async (issuer: ScriptedProvider) => (await issuer.heard()).map(({ path }) => path);

describe("discover", () => {
  test("hears a real OpenID provider", async () => {
    const { authUri, tokenUri } = inject("provider");
    const issuer = new URL(tokenUri).origin;
    expect(await discover(issuer, DEVELOPMENT)).toEqual({
      kind: "heard",
      metadata: {
        issuer,
        authorization_endpoint: authUri,
        token_endpoint: tokenUri,
        revocation_endpoint: `${tokenUri}/revocation`,
        introspection_endpoint: `${tokenUri}/introspection`,
        token_endpoint_auth_methods_supported: expect.arrayContaining(["client_secret_basic", "client_secret_post"]),
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
      },
    });
  });

  test("asks where OpenID has it, once, and sends nothing along", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish();
    expect(await discover(issuer.issuer, DEVELOPMENT)).toMatchObject({
      kind: "heard",
      metadata: { token_endpoint: issuer.at("/token") },
    });
    const asked = (await issuer.heard()).map(({ method, path, headers, body }) => {
      return { method, path, authorization: headers["authorization"] ?? null, body };
    });
    expect(asked).toEqual([{ method: "GET", path: issuer.wellKnown.openid, authorization: null, body: "" }]);
  });

  test("then asks where RFC 8414 has it: between host and path", async () => {
    const issuer = new ScriptedProvider();
    await issuer.answer(issuer.wellKnown.oauth, { body: issuer.metadata() });
    expect(await discover(issuer.issuer, DEVELOPMENT)).toMatchObject({ kind: "heard" });
    expect(await pathsOf(issuer)).toEqual([issuer.wellKnown.openid, issuer.wellKnown.oauth]);
  });

  test("asks there too when what OpenID's address has is no good", async () => {
    const issuer = new ScriptedProvider();
    await issuer.answer(issuer.wellKnown.openid, {
      headers: { "content-type": "text/html" },
      body: "<h1>Sign in</h1>",
    });
    await issuer.answer(issuer.wellKnown.oauth, { body: issuer.metadata() });
    expect(await discover(issuer.issuer, DEVELOPMENT)).toMatchObject({ kind: "heard" });
  });

  test.each<[string, ScriptedAnswer, string]>([
    ["nothing there", { status: 404 }, "not_found"],
    ["a server that fails", { status: 500 }, "refused"],
    ["a page", { headers: { "content-type": "text/html" }, body: "<!doctype html>" }, "unreadable"],
    ["text that is no JSON", { body: "{" }, "unreadable"],
    ["JSON that is no object", { body: [] }, "unreadable"],
    ["metadata without an issuer", { body: { token_endpoint: "https://a.example.com" } }, "unreadable"],
    ["metadata of another issuer", { body: { issuer: "https://another.example.com" } }, "issuer_differs"],
    ["an issuer that is no URI", { body: { issuer: "id.example.com" } }, "issuer_differs"],
    ["more than 1 MiB (SECURITY 10)", { body: "{}", pad: 1024 * 1024 }, "too_large"],
    ["a redirect (SECURITY 10)", { status: 302, headers: { location: "/elsewhere" } }, "redirected"],
  ])("names %s, which it found at the first address", async (_, answer, fault) => {
    const issuer = new ScriptedProvider();
    await issuer.answer(issuer.wellKnown.openid, answer);
    expect(await discover(issuer.issuer, DEVELOPMENT)).toEqual(failed(fault));
    expect(await pathsOf(issuer)).toEqual([issuer.wellKnown.openid, issuer.wellKnown.oauth]);
  });

  test.each([
    ["a slash too many", (issuer: string) => `${issuer}/`],
    ["other letters", (issuer: string) => issuer.toUpperCase()],
    ["the same address, written otherwise", (issuer: string) => issuer.replace("http:", "HTTP:")],
  ])("compares the issuer exactly: %s (SECURITY 4)", async (_, spelling) => {
    const issuer = new ScriptedProvider();
    await issuer.publish({ issuer: spelling(issuer.issuer) });
    expect(await discover(issuer.issuer, DEVELOPMENT)).toEqual(failed("issuer_differs"));
  });

  test("asks only once whoever says nothing", async () => {
    const [dropping, slow] = [new ScriptedProvider(), new ScriptedProvider()];
    await dropping.answer(dropping.wellKnown.openid, { drop: true });
    await slow.answer(slow.wellKnown.openid, { delay_ms: 20_000 });
    const faults = [discover(dropping.issuer, DEVELOPMENT), discover(slow.issuer, DEVELOPMENT)];
    expect(await Promise.all(faults)).toEqual([failed("unreachable"), failed("timeout")]);
    expect([await pathsOf(dropping), await pathsOf(slow)]).toEqual([
      [dropping.wellKnown.openid],
      [slow.wellKnown.openid],
    ]);
  });

  test("asks no address that is refused (SECURITY 9)", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish();
    expect(await discover(issuer.issuer, { allowLoopback: false })).toEqual(failed("address_refused"));
    for (const refused of ["https://10.0.0.1", "nowhere", ""]) {
      expect(await discover(refused, DEVELOPMENT)).toEqual(failed("address_refused"));
    }
    expect(await issuer.heard()).toEqual([]);
  });

  test("passes over an endpoint that no request may go to (SECURITY 9)", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish({ token_endpoint: "https://169.254.169.254/token" });
    const discovered = await discover(issuer.issuer, DEVELOPMENT);
    expect(discovered).toMatchObject({ kind: "heard", metadata: { authorization_endpoint: issuer.at("/authorize") } });
    expect(JSON.stringify(discovered)).not.toContain("169.254");
  });
});
