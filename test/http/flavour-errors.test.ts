/** What somebody is told whose flavour is wrong: for every setting where it is and what was expected, in one sentence; and no client is saved. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { flavourSchema } from "../../src/jsonapi/flavour.ts";
import { call } from "../support/api.ts";

const CLASSES = '"retry" or "ambiguous" or "rate_limited" or "reauthorize" or "config_error" or "too_early"';
const PATH = 'must be names or numbers with "." between them';

/** A setting, a value that it does not take, where the fault is below it, and the sentence. */
const FAULTS: [setting: string, value: unknown, at: string, sentence: string][] = [
  [
    "client_auth",
    "header",
    "",
    '"client_auth" must be "body" or "basic" or "basic_secret_only" or "bearer_secret" or "none" or "private_key_jwt".',
  ],
  ["also_send_client_id", "yes", "", '"also_send_client_id" must be true or false.'],
  ["body_format", "xml", "", '"body_format" must be "form" or "json".'],
  ["method", "PUT", "", '"method" must be "POST" or "GET".'],
  [
    "param_names",
    { client_id: "client key" },
    "/client_id",
    '"client_id" of "param_names" must be the name of a parameter.',
  ],
  ["param_names", { colour: "x" }, "/colour", '"colour" of "param_names" must be a parameter of the standard.'],
  [
    "param_names",
    { client_id: "grant_type" },
    "/client_id",
    '"client_id" of "param_names" is what another parameter is called.',
  ],
  [
    "param_names",
    { client_id: "id", code: "id" },
    "/code",
    '"code" of "param_names" is what another parameter is called.',
  ],
  ["param_names", ["client_id"], "", '"param_names" must be an object.'],
  ["omit_params", "grant_type", "", '"omit_params" must be a list.'],
  ["omit_params", ["grant_type", ""], "/1", 'An entry of "omit_params" must be the name of a parameter.'],
  ["headers", { Authorization: "x" }, "/Authorization", '"Authorization" of "headers" is set by this service itself.'],
  ["headers", { "X Y": "x" }, "/X Y", '"X Y" of "headers" must be the name of an HTTP header.'],
  ["headers", { "X-Y": "a\r\nb" }, "/X-Y", '"X-Y" of "headers" must be visible ASCII, as in an HTTP header.'],
  ["headers", { "X-Y": "{{secret}}" }, "/X-Y", '"X-Y" of "headers" holds a variable that is not known.'],
  ["response_root", 5, "", '"response_root" must be a string or a list.'],
  ["response_root", "a..b", "", `"response_root" ${PATH}.`],
  ["response_root", ["", "a b"], "/1", `An entry of "response_root" ${PATH}.`],
  ["response_root", [], "", '"response_root" must hold at least 1 entry.'],
  ["field_names", { access_token: 1 }, "/access_token", '"access_token" of "field_names" must be a string.'],
  ["field_names", { token: "t" }, "/token", '"token" of "field_names" is not known here.'],
  ["success", { path: "ok" }, "/equals", '"equals" of "success" is required.'],
  [
    "success",
    { path: "ok", equals: {} },
    "/equals",
    '"equals" of "success" must be a string or a number or true or false.',
  ],
  ["authorize_params", { state: "x" }, "/state", '"state" of "authorize_params" is set by this service itself.'],
  ["authorize_params", { prompt: 1 }, "/prompt", '"prompt" of "authorize_params" must be a string.'],
  ["token_params", { code: "x" }, "/code", '"code" of "token_params" is set by this service itself.'],
  ["token_params", { private_key: "x" }, "/private_key", '"private_key" of "token_params" must not hold a secret.'],
  [
    "refresh_params",
    { access_token: "x" },
    "/access_token",
    '"access_token" of "refresh_params" must not hold a secret.',
  ],
  ["redirect_uri_name", "", "", '"redirect_uri_name" must not be empty.'],
  ["upgrade", { uri: "https://a.example.com" }, "/grant_type", '"grant_type" of "upgrade" is required.'],
  ["scope_separator", "", "", '"scope_separator" must not be empty.'],
  ["raw_scope", 1, "", '"raw_scope" must be true or false.'],
  ["default_scopes", "read", "", '"default_scopes" must be a list.'],
  ["default_scopes", [""], "/0", 'An entry of "default_scopes" must not be empty.'],
  ["refresh_with_scope", null, "", '"refresh_with_scope" must be true or false.'],
  ["pkce", "plain", "", '"pkce" must be "S256" or "off".'],
  ["code_param", "the code", "", '"code_param" must be the name of a parameter.'],
  ["callback_extra", ["a.b"], "/0", 'An entry of "callback_extra" must be 1 to 64 of A-Z, a-z, 0-9, _ and -.'],
  ["errors", { invalid_grant: "dead" }, "/invalid_grant", `"invalid_grant" of "errors" must be ${CLASSES} or a list.`],
  ["errors", { invalid_grant: 5 }, "/invalid_grant", `"invalid_grant" of "errors" must be ${CLASSES} or a list.`],
  [
    "errors",
    { invalid_grant: [{ class: "dead" }] },
    "/invalid_grant/0/class",
    `"class" of "errors" must be ${CLASSES}.`,
  ],
  ["errors", { invalid_grant: [{}] }, "/invalid_grant/0/class", '"class" of "errors" is required.'],
  ["errors", { invalid_grant: [] }, "/invalid_grant", '"invalid_grant" of "errors" must hold at least 1 entry.'],
  ["errors", { "": "retry" }, "/", '"" of "errors" must not be empty.'],
  ["error_path", { path: "error" }, "", '"error_path" must be a string or a list.'],
  ["error_path", ["error", 5], "/1", 'An entry of "error_path" must be a string.'],
  ["expires_field", "", "", '"expires_field" must not be empty.'],
  ["expires_unit", "m", "", '"expires_unit" must be "s" or "ms" or "epoch" or "epoch_ms" or "rfc3339".'],
  ["zero_means_never", 0, "", '"zero_means_never" must be true or false.'],
  ["refresh_returns_no_token", "no", "", '"refresh_returns_no_token" must be true or false.'],
  ["refresh_grant_type", 5, "", '"refresh_grant_type" must be a string.'],
  ["refresh_grant_type", "password", "", `"refresh_grant_type" must be a grant for which nobody's password is sent.`],
  ["hosts", { shop: "[a-z]+" }, "/shop", '"shop" of "hosts" must be fields.NAME or callback.NAME.'],
  ["hosts", { "fields.shop": 5 }, "/fields.shop", '"fields.shop" of "hosts" must be a string or an object.'],
  ["hosts", { "fields.shop": "(a+)+" }, "/fields.shop", '"fields.shop" of "hosts" must not repeat a group.'],
  [
    "hosts",
    { "fields.shop": { pattern: "[" } },
    "/fields.shop/pattern",
    '"pattern" of "hosts" must be a regular expression.',
  ],
  [
    "hosts",
    { "fields.shop": { default: "a/b" } },
    "/fields.shop/default",
    '"default" of "hosts" must be 1 to 100 of A-Z, a-z, 0-9, and . _ ~ -.',
  ],
  ["redirect_uri_name", "", "", '"redirect_uri_name" must not be empty.'],
  ["upgrade", { grant_type: "x" }, "/uri", '"uri" of "upgrade" is required.'],
  ["upgrade", { uri: "http://example.com/", grant_type: "x" }, "/uri", '"uri" of "upgrade" must use https.'],
  ["revoke_uri", "http://example.com/revoke", "", '"revoke_uri" must use https.'],
  ["introspect_uri", "introspect", "", '"introspect_uri" must be an absolute URI.'],
  ["keepalive_seconds", 59, "", '"keepalive_seconds" must be at least 60.'],
  ["edge_cache", "off", "", '"edge_cache" must be true or false.'],
  ["shared_callback", 1, "", '"shared_callback" must be true or false.'],
  ["refresh", { method: "PUT" }, "/method", '"method" of "refresh" must be "POST" or "GET".'],
  ["refresh", { pkce: "off" }, "/pkce", '"pkce" of "refresh" is not known here.'],
  [
    "client_assertion",
    { alg: "HS256" },
    "/alg",
    expect.stringMatching(/^"alg" of "client_assertion" must be "RS256" or /),
  ],
  ["client_assertion", { iss: "{{host}}" }, "/iss", '"iss" of "client_assertion" holds a variable that is not known.'],
  [
    "assertion",
    { lifetime_seconds: 29 },
    "/lifetime_seconds",
    '"lifetime_seconds" of "assertion" must be at least 30.',
  ],
  ["assertion", { claims: { scope: 5 } }, "/claims/scope", '"scope" of "assertion" must be a string.'],
];

const clientWith = (attributes: object, credentials: object = {}) => ({
  data: {
    type: "auth-client",
    attributes: {
      type: "oauth2",
      name: "CRM",
      credentials: {
        client_id: "the id",
        client_secret: "the secret",
        auth_uri: "https://provider.example.com/authorize",
        token_uri: "https://provider.example.com/token",
        refresh_token_uri: "https://provider.example.com/token",
        ...credentials,
      },
      ...attributes,
    },
  },
});

const countClients = async () => await env.DB.prepare("SELECT count(*) AS clients FROM auth_clients").first("clients");

describe("400 for a flavour's", () => {
  test.each(FAULTS)("%s of %j", async (setting, value, at, detail) => {
    const before = await countClients();
    const answer = await call("POST", "/v2/auth-clients", clientWith({ flavour: { [setting]: value } }));
    expect(answer.status).toBe(400);
    const pointer = `/data/attributes/flavour/${setting}${at}`;
    expect(answer.body.errors).toMatchObject([{ code: "invalid_document", detail, source: { pointer } }]);
    expect(await countClients()).toBe(before);
  });

  test("settings, each of which is tried here", () => {
    expect([...new Set(FAULTS.map(([setting]) => setting))].toSorted()).toEqual(
      Object.keys(flavourSchema.shape).toSorted(),
    );
  });

  test("settings all at once, as a PATCH that changes nothing", async () => {
    const { body: made } = await call("POST", "/v2/auth-clients", clientWith({}));
    const flavour = { pkce: "plain", errors: { x: [{ class: "dead" }] }, hosts: { "fields.a": {}, "fields.b": 5 } };
    const change = { data: { type: "auth-client", attributes: { flavour } } };
    const answer = await call("PATCH", made.data.links.self, change);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ source }: { source: { pointer: string } }) => source.pointer)).toEqual([
      "/data/attributes/flavour/pkce",
      "/data/attributes/flavour/errors/x/0/class",
      "/data/attributes/flavour/hosts/fields.b",
    ]);
    expect((await call("GET", made.data.links.self)).body).toEqual(made);
  });
});

describe("400 for a flavour that does not go together with the rest", () => {
  const shop = { "fields.shop": "[a-z]+" };
  const uri = "https://{{fields.shop}}.example.com/token";
  const hosts = {
    code: "invalid_document",
    detail: 'A URI of this client holds the variable "fields.shop", which "hosts" have to allow.',
    source: { pointer: "/data/attributes/flavour/hosts" },
  };
  const noSecret = {
    code: "invalid_document",
    detail: '"client_secret" is required.',
    source: { pointer: "/data/attributes/credentials/client_secret" },
  };
  const secretless = { client_secret: undefined };
  test.each([
    ["drops a variable of a URI", { flavour: { hosts: shop } }, { token_uri: uri }, { pkce: "off" }, hosts],
    [
      "has a URI with a variable of nobody",
      {},
      {},
      { revoke_uri: "https://provider.example.com/{{fields.shop}}" },
      hosts,
    ],
    ["sends a secret that is not there", { flavour: { client_auth: "none" } }, secretless, {}, noSecret],
    [
      "sends it at a refresh",
      { flavour: { client_auth: "none" } },
      secretless,
      { client_auth: "none", refresh: { client_auth: "basic" } },
      noSecret,
    ],
    [
      "signs a header with it",
      { flavour: { client_auth: "none" } },
      secretless,
      { client_auth: "none", headers: { sign: "{{signature}}" } },
      noSecret,
    ],
  ])("and %s, in a PATCH", async (_, attributes, credentials, flavour, error) => {
    const { status, body: made } = await call("POST", "/v2/auth-clients", clientWith(attributes, credentials));
    expect(status).toBe(201);
    const change = { data: { type: "auth-client", attributes: { flavour } } };
    const answer = await call("PATCH", made.data.links.self, change);
    expect([answer.status, answer.body.errors]).toEqual([400, [expect.objectContaining(error)]]);
    expect((await call("GET", made.data.links.self)).body).toEqual(made);
  });

  test("and takes from a preset what its URIs need", async () => {
    const credentials = { auth_uri: undefined, token_uri: undefined, refresh_token_uri: undefined };
    const made = (flavour: object) =>
      call("POST", "/v2/auth-clients", clientWith({ provider: "shopify", flavour }, credentials));
    const answer = await made({ hosts: {} });
    expect([answer.status, answer.body.errors]).toEqual([400, [expect.objectContaining(hosts)]]);
    expect((await made({ hosts: shop })).status).toBe(201);
  });
});

test.each([[[]], [[""]], [{}], [5], [null]])("400 says one thing of a client_id that is %j", async (client_id) => {
  const answer = await call("POST", "/v2/auth-clients", clientWith({}, { client_id }));
  const details = answer.body.errors.map(({ detail }: { detail: string }) => detail);
  expect([answer.status, details]).toEqual([400, ['"client_id" must be a string.']]);
});
