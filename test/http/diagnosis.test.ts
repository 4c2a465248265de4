/** `POST /v2/auth-clients/{id}/diagnose`: what a person learns about a client, and that nothing real is spent for it. */

import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { describe, expect, inject, test } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import type { Finding } from "../../src/domain/diagnosis.ts";
import type { AuthClientId } from "../../src/domain/ids.ts";
import { diagnose as ask } from "../../src/outbound/diagnosis.ts";
import { newSigningKey } from "../../src/outbound/signing-key.ts";
import { findAuthClient, openRegistration } from "../../src/store/auth-clients.ts";
import { call, faults, newWorkspace } from "../support/api.ts";
import { newKey } from "../support/keys.ts";
import type { TokenCalls } from "../support/provider-contract.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";
import type { ScriptedAnswer } from "../support/scripted-server-contract.ts";

const short = (findings: Finding[]) => findings.map(({ level, code }) => `${level} ${code}`);

async function createClient(attributes: object): Promise<string> {
  const sent = { data: { type: "auth-client", attributes: { type: "oauth2", name: "x", ...attributes } } };
  const { status, body } = await call("POST", "/v2/auth-clients", sent);
  expect([status, body.errors]).toEqual([201, undefined]);
  return body.data.id;
}

async function diagnose(client: string, body?: object): Promise<{ ok: boolean; findings: Finding[] }> {
  const answer = await call("POST", `/v2/auth-clients/${client}/diagnose`, body);
  expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
  return answer.body.data.attributes;
}

/** What is found about the client itself. */
async function ofClient(client: string): Promise<string[]> {
  const { findings } = await diagnose(client);
  return short(findings.filter(({ check }) => check === "client"));
}

describe("at a real OpenID provider", () => {
  /** An app that authenticates in this way, and a client of ours that knows it, changed as the test says. */
  async function registered(method: string, change: object = {}, attributes: object = {}, at = inject("provider")) {
    const { authUri, tokenUri, controlUri } = at;
    const uris = { auth_uri: authUri, token_uri: tokenUri, refresh_token_uri: tokenUri };
    const sent = { redirect_uris: ["http://localhost/"], token_endpoint_auth_method: method };
    const response = await fetch(controlUri, { method: "POST", body: JSON.stringify(sent) });
    const credentials = await response.json<{ client_id: string; client_secret: string }>();
    const id = await createClient({ credentials: { ...credentials, ...uris, ...change }, ...attributes });
    const calls = async () =>
      (await (await fetch(`${controlUri}/${credentials.client_id}/calls`)).json<TokenCalls>()).token_requests;
    return { id, credentials, calls };
  }

  test("a client that is right is known, and its secret accepted", async () => {
    const { id, calls } = await registered(
      "client_secret_post",
      {},
      { issuer: new URL(inject("provider").tokenUri).origin },
    );
    const answer = await call("POST", `/v2/auth-clients/${id}/diagnose`);
    expect(answer.body).toEqual({
      data: {
        id,
        type: "diagnosis",
        attributes: { ok: true, findings: expect.any(Array) },
        relationships: {
          auth_client: { data: { id, type: "auth-client" }, links: { self: `/v2/auth-clients/${id}` } },
        },
        links: { self: `/v2/auth-clients/${id}/diagnose` },
      },
      meta: {},
    });
    const { findings } = answer.body.data.attributes;
    expect(short(findings)).toEqual([
      "ok uris_usable",
      "ok issuer_heard",
      "ok reachable",
      "ok reachable",
      "ok client_accepted",
    ]);
    expect(findings.at(-1)).toEqual({
      check: "client",
      level: "ok",
      code: "client_accepted",
      detail: "The provider knows this client, and accepts its secret.",
      about: "/data/attributes/credentials/client_secret",
    });
    expect((await calls()).map(({ grant_type, status }) => [grant_type, status])).toEqual([
      ["authorization_code", 400],
    ]);
  });

  test("a wrong secret is called wrong", async () => {
    const { id, calls } = await registered("client_secret_post", { client_secret: "wrong" });
    const { ok, findings } = await diagnose(id);
    expect([ok, findings.at(-1)]).toEqual([
      false,
      expect.objectContaining({
        code: "secret_wrong",
        detail: 'The provider refuses the client: the client secret is wrong, or "client_id" is.',
      }),
    ]);
    expect(await calls()).toHaveLength(2);
  });

  test("an unknown client is refused as well", async () => {
    const { id } = await registered("client_secret_post", { client_id: "unknown" });
    expect(await ofClient(id)).toEqual(["error secret_wrong"]);
  });

  test("a provider that wants Basic says so, and the client is right once that is set", async () => {
    const { id } = await registered("client_secret_basic", {}, {}, inject("basicProvider"));
    const { ok, findings } = await diagnose(id);
    expect([ok, findings.at(-1)]).toEqual([
      false,
      {
        check: "client",
        level: "error",
        code: "wants_basic",
        detail: 'This provider wants Basic authentication: set "client_auth" to "basic".',
        about: "/data/attributes/flavour/client_auth",
      },
    ]);
    const attributes = { flavour: { client_auth: "basic" } };
    await call("PATCH", `/v2/auth-clients/${id}`, { data: { type: "auth-client", attributes } });
    expect(await ofClient(id)).toEqual(["ok client_accepted"]);
  });

  test("each of two secrets is tried and told of", async () => {
    const { id, credentials } = await registered("client_secret_post", { next_client_secret: "wrong" });
    expect(await ofClient(id)).toEqual(["ok client_accepted", "warning secret_wrong"]);
    const change = { client_secret: "wrong", next_client_secret: credentials.client_secret };
    const attributes = { credentials: change };
    await call("PATCH", `/v2/auth-clients/${id}`, { data: { type: "auth-client", attributes } });
    expect(await ofClient(id)).toEqual(["warning secret_wrong", "ok client_accepted"]);
  });

  test("a public client is known by its id", async () => {
    const { id } = await registered("none", { client_secret: undefined }, { flavour: { client_auth: "none" } });
    expect(await ofClient(id)).toEqual(["ok client_accepted"]);
  });

  test("a server that is not there is not asked for more", async () => {
    const nowhere = "http://127.0.0.1:1/token";
    const { id, calls } = await registered("client_secret_post", { token_uri: nowhere, refresh_token_uri: nowhere });
    const { ok, findings } = await diagnose(id);
    expect([ok, short(findings)]).toEqual([
      false,
      ["ok uris_usable", "ok reachable", "error unreachable", "ok not_checked"],
    ]);
    expect(await calls()).toEqual([]);
  });
});

describe("at a provider with words of its own", () => {
  const HTML = { "content-type": "text/html" };
  const error = (code: string, status = 400) => ({
    status,
    body: { error: code, error_description: "sentinel words" },
  });

  async function answering(answer: ScriptedAnswer, attributes: object = {}) {
    const issuer = new ScriptedProvider();
    await issuer.publish();
    await issuer.answerTokens(answer);
    const { data } = issuer.client(attributes) as { data: { attributes: object } };
    return { issuer, id: await createClient(data.attributes) };
  }

  test.each<[string, ScriptedAnswer, string[]]>([
    ["its code for a code that it does not know", error("bad_verification_code", 200), ["ok client_accepted"]],
    ["its code for a wrong secret", error("incorrect_client_credentials", 200), ["error secret_wrong"]],
    ["401 without a body", { status: 401 }, ["error secret_wrong"]],
    [
      "401 that asks for Basic, and refuses that too",
      { ...error("invalid_client", 401), headers: { "www-authenticate": 'Basic realm="x"' } },
      ["error secret_wrong", "warning wants_basic"],
    ],
    [
      "another answer to Basic",
      { ...error("invalid_client", 401), with_basic: error("invalid_grant") },
      ["error wants_basic"],
    ],
    ["unauthorized_client", error("unauthorized_client"), ["error grant_refused"]],
    ["unsupported_grant_type", error("unsupported_grant_type"), ["error grant_unsupported"]],
    ["invalid_scope", error("invalid_scope"), ["error scope_refused"]],
    ["redirect_uri_mismatch", error("redirect_uri_mismatch"), ["error redirect_uri_unknown"]],
    ["invalid_request", error("invalid_request"), ["warning request_refused"]],
    ["words of its own", error("sentinel_code"), ["warning answer_unclear"]],
    ["a page", { headers: HTML, body: "<!doctype html><title>sentinel</title>" }, ["error format_unsupported"]],
    ["XML", { headers: { "content-type": "text/xml" }, body: "<error/>" }, ["error format_unsupported"]],
    ["404", { status: 404, headers: HTML, body: "<html>sentinel</html>" }, ["error wrong_path"]],
    ["405", { status: 405 }, ["error wrong_method"]],
    ["a redirect", { status: 302, headers: { location: "/sentinel" } }, ["error redirected"]],
    ["429", { status: 429 }, ["warning rate_limited"]],
    ["503", { status: 503 }, ["warning server_fails"]],
    ["nothing", { drop: true }, ["error unreachable"]],
    ["a token", { body: { access_token: "sentinel-token" } }, ["warning token_for_nothing"]],
  ])("%s is told in a sentence of ours", async (_, answer, expected) => {
    const { issuer, id } = await answering(answer);
    const { findings } = await diagnose(id);
    expect(short(findings.filter(({ check }) => check === "client"))).toEqual(expected);
    expect(JSON.stringify(findings)).not.toContain("sentinel");
    // Nothing but what was made up goes there, a secret in one place at most, and few times.
    const sent = (await issuer.heard()).filter(({ method }) => method === "POST");
    expect(sent.length).toBeLessThanOrEqual(2);
    for (const { body } of sent) {
      const form = new URLSearchParams(body);
      expect([form.get("grant_type"), form.get("code")]).toEqual([
        "authorization_code",
        expect.stringMatching(/^made-up/),
      ]);
      expect(form.get("redirect_uri")).toBe(`http://localhost/callback/oauth2/${id}`);
    }
  });

  test("knocks without credentials, once at each address", async () => {
    const { issuer, id } = await answering(error("invalid_grant"));
    await diagnose(id);
    const knocked = (await issuer.heard()).filter(({ method }) => method === "HEAD");
    expect(
      knocked.map(({ path, headers, body }) => [
        new URL(path, issuer.issuer).href,
        headers["authorization"] ?? null,
        body,
      ]),
    ).toEqual(
      expect.arrayContaining([
        [issuer.at("/authorize"), null, ""],
        [issuer.at("/token"), null, ""],
      ]),
    );
    expect(knocked).toHaveLength(2);
  });

  test("applies the client's flavour", async () => {
    const flavour = { body_format: "json", errors: { E17: "reauthorize" }, error_path: "fault.code" } as const;
    const { issuer, id } = await answering({ status: 400, body: { fault: { code: "E17" } } }, { flavour });
    expect(await ofClient(id)).toEqual(["ok client_accepted"]);
    const sent = (await issuer.heard()).find(({ method }) => method === "POST");
    expect(JSON.parse(sent?.body ?? "")).toMatchObject({ grant_type: "authorization_code" });
  });

  test("signs as the client signs, with the host of its redirect URI where that is who it says it is", async () => {
    const issuer = new ScriptedProvider();
    await issuer.answerTokens({ status: 400, body: { error: "invalid_grant" } });
    const client_assertion = { alg: "ES256", iss: "{{redirect_uri.host}}" } as const;
    const flavour = { client_auth: "private_key_jwt", client_assertion } as const;
    const uri = issuer.at("/token");
    const registration = {
      ...{ client_id: "the-id", auth_uri: uri, token_uri: uri, refresh_token_uri: uri, flavour },
      keys: [await newSigningKey("ES256", 0)],
    };
    const subject = { registration, redirectUri: "https://secrets.example.com/callback/oauth2/1", variables: {} };
    expect(short(await ask(subject, { allowLoopback: true })).at(-1)).toBe("ok client_accepted");
    const sent = (await issuer.heard()).find(({ method }) => method === "POST");
    const assertion = new URLSearchParams(sent?.body).get("client_assertion") ?? "";
    expect(decodeJwt(assertion).iss).toBe("secrets.example.com");
  });

  test("tells when it wants the secret in the body", async () => {
    const answer = { ...error("invalid_grant"), with_basic: error("invalid_client", 401) };
    const { id } = await answering(answer, { flavour: { client_auth: "basic" } });
    expect(await ofClient(id)).toEqual(["error wants_body"]);
  });

  test("tells what has become of the issuer since", async () => {
    const { issuer, id } = await answering(error("invalid_grant"));
    const ofIssuer = async () => short((await diagnose(id)).findings.filter(({ check }) => check === "issuer"));
    expect(await ofIssuer()).toEqual(["ok issuer_heard"]);
    const methods = { token_endpoint_auth_methods_supported: ["client_secret_basic"] };
    await issuer.publish({ token_endpoint: issuer.at("/moved"), ...methods });
    expect(await ofIssuer()).toEqual(["ok issuer_heard", "warning endpoint_differs", "warning auth_method_unlisted"]);
    await issuer.publish({ issuer: "https://sentinel.example.com" });
    expect(await ofIssuer()).toEqual(["error issuer_differs"]);
    await issuer.answer(issuer.wellKnown.openid, { drop: true });
    expect(await ofIssuer()).toEqual(["warning issuer_unheard"]);
  });

  test("asks for no token of a client whose grant would give a real one", async () => {
    const { issuer, id } = await answering(error("unauthorized_client"), { grant_type: "client_credentials" });
    expect(await ofClient(id)).toEqual(["ok client_accepted"]);
    const grants = (await issuer.heard()).map(({ body }) => new URLSearchParams(body).get("grant_type"));
    expect(grants).not.toContain("client_credentials");
  });

  test("holds each request and all of them to their time", async () => {
    const { id } = await answering({ delay_ms: 60_000, ...error("invalid_grant") });
    const stored = await findAuthClient(env.DB, id as AuthClientId);
    if (stored === null) throw new Error("There is no such client.");
    const registration = await openRegistration(settingsOf(env).cipher, stored);
    const subject = { registration, redirectUri: "http://localhost/", variables: {} };
    const timed = async (limits: { requestMs: number; totalMs: number; leastMs: number }) => {
      const startedAt = Date.now();
      const findings = await ask(subject, { allowLoopback: true }, limits);
      return [short(findings).at(-1), Date.now() - startedAt < 25_000];
    };
    expect(await timed({ requestMs: 300, totalMs: 30_000, leastMs: 100 })).toEqual(["error timeout", true]);
    expect(await timed({ requestMs: 30_000, totalMs: 500, leastMs: 100 })).toEqual(["error timeout", true]);
    expect(await timed({ requestMs: 30_000, totalMs: 0, leastMs: 100 })).toEqual(["warning not_checked", true]);
  });
});

describe("where URIs hold variables", () => {
  const flavour = { hosts: { "fields.name": "[a-z0-9-]+" } };

  test("the request says what stands for them", async () => {
    const issuer = new ScriptedProvider();
    await issuer.answerTokens({ status: 400, body: { error: "invalid_grant" } });
    const template = issuer.issuer.replace(/[^/]+$/, "{{fields.name}}");
    const uris = {
      auth_uri: `${template}/authorize`,
      token_uri: `${template}/token`,
      refresh_token_uri: `${template}/token`,
    };
    const id = await createClient({ credentials: { client_id: "a", client_secret: "s", ...uris }, flavour });
    const silent = await diagnose(id);
    expect([silent.ok, short(silent.findings)]).toEqual([
      true,
      ["warning variable_missing", "warning variable_missing", "ok not_checked"],
    ]);
    expect(await issuer.heard()).toEqual([]);

    const attributes = { fields: { name: issuer.issuer.split("/").at(-1) } };
    const said = await diagnose(id, { data: { type: "diagnosis", attributes } });
    expect(short(said.findings)).toEqual(["ok uris_usable", "ok reachable", "ok reachable", "ok client_accepted"]);
  });
});

describe("a request", () => {
  test("may have a document, or say that it has one and have none", async () => {
    const uris = {
      auth_uri: "http://127.0.0.1:1/",
      token_uri: "http://127.0.0.1:1/",
      refresh_token_uri: "http://127.0.0.1:1/",
    };
    const id = await createClient({ credentials: { client_id: "a", client_secret: "s", ...uris } });
    const path = `/v2/auth-clients/${id}/diagnose`;
    expect((await call("POST", path, "")).status).toBe(200);
    expect((await call("POST", path, {})).status).toBe(200);
    expect((await call("POST", path, { data: { type: "diagnosis" } })).status).toBe(200);
    expect(faults(await call("POST", path, "{"))).toEqual(["invalid_document"]);
  });

  test("409 for a client that has no provider", async () => {
    const id = await createClient({ type: "basic", credentials: {} });
    expect(faults(await call("POST", `/v2/auth-clients/${id}/diagnose`))).toEqual(["conflict"]);
  });

  test("404 for no client, 400 for a body that says something else", async () => {
    expect(faults(await call("POST", `/v2/auth-clients/${crypto.randomUUID()}/diagnose`))).toEqual(["not_found"]);
    const id = await createClient({ type: "basic", credentials: {} });
    const wrong = await call("POST", `/v2/auth-clients/${id}/diagnose`, { data: { type: "diagnosis", colour: "red" } });
    expect(faults(wrong)).toEqual(["invalid_document /data/colour"]);
  });

  test("of somebody who may only look asks nobody", async () => {
    const issuer = new ScriptedProvider();
    await issuer.publish();
    const { data } = issuer.client() as { data: object };
    const workspace = newWorkspace();
    const place = { level: "workspace", id: workspace } as const;
    const relationships = { workspace: { data: { id: workspace, type: "workspace" } } };
    const { body } = await call("POST", "/v2/auth-clients", { data: { ...data, relationships } });
    const before = await issuer.heard();
    const { headers } = await newKey(["workspaces.auth_clients.get"], place);
    const answer = await call("POST", `/v2/auth-clients/${body.data.id}/diagnose`, undefined, headers);
    expect([answer.status, await issuer.heard()]).toEqual([403, before]);
  });
});
