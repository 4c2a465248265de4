/** What holds for every route: who is asking, request ids, unknown routes, and answers that nobody may cache. */

import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { ask, call, faults } from "../support/api.ts";

const ID = "00000000-0000-4000-8000-000000000000";
const ROUTES: [method: string, path: string][] = [
  ["POST", "/v2/auth-clients"],
  ["GET", `/v2/auth-clients/${ID}`],
  ["DELETE", `/v2/auth-clients/${ID}`],
  ["POST", "/v2/workspaces/w/secrets"],
  ["GET", `/v2/workspaces/w/secrets/${ID}`],
  ["DELETE", `/v2/workspaces/w/secrets/${ID}`],
  ["GET", `/v2/workspaces/w/secrets/${ID}/token`],
  ["POST", `/v2/workspaces/w/secrets/${ID}/refresh`],
  ["POST", "/v2/workspaces/w/authorizations"],
  ["GET", `/v2/workspaces/w/authorizations/${ID}`],
  ["GET", "/v2/providers"],
  ["GET", "/v2/providers/slack"],
  ["GET", "/v2/maintenance/overdue"],
  ["GET", "/v2/maintenance/rewrap"],
  ["POST", "/v2/maintenance/rewrap"],
];

describe.each(ROUTES)("%s %s", (method, path) => {
  test("401 without credentials, before anything else is looked at", async () => {
    const answer = await call(method, path, undefined, { authorization: "" });
    expect([answer.status, faults(answer)]).toEqual([401, ["unauthenticated"]]);
    expect(answer.headers.get("www-authenticate")).toContain("Basic");
  });

  test("401 with a wrong key", async () => {
    const answer = await call(method, path, undefined, { authorization: `Bearer ${env.ROOT_API_KEY}x` });
    expect([answer.status, faults(answer)]).toEqual([401, ["unauthenticated"]]);
    expect(JSON.stringify(answer.body)).not.toContain(env.ROOT_API_KEY);
  });

  test("is not to be cached", async () => {
    expect((await call(method, path)).headers.get("cache-control")).toBe("no-store");
  });
});

describe("who is asking", () => {
  const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });

  test("may send the key as the password of Basic, with any email", async () => {
    expect(
      (await call("GET", `/v2/auth-clients/${ID}`, undefined, basic(`me@example.com:${env.ROOT_API_KEY}`))).status,
    ).toBe(404);
  });

  test.each([
    ["a key without a colon", () => basic(env.ROOT_API_KEY).authorization],
    ["Basic that is not base64", () => "Basic ???"],
    ["another scheme", () => `Digest ${env.ROOT_API_KEY}`],
    ["an empty key", () => "Bearer "],
    ["an empty password", () => basic("me:").authorization],
  ])("is not known by %s", async (_, authorization) => {
    expect((await call("GET", `/v2/auth-clients/${ID}`, undefined, { authorization: authorization() })).status).toBe(
      401,
    );
  });

  test("is nobody when the root key is too short", async () => {
    const request = new Request(`http://localhost/v2/auth-clients/${ID}`, {
      headers: { authorization: "Bearer short" },
    });
    expect((await ask(request, { ROOT_API_KEY: "short" })).status).toBe(401);
  });
});

describe("x-request-id", () => {
  test("is given back and stands in the log", async () => {
    const log = vi.spyOn(console, "log");
    const id = "f:FLOW;s:STEP;m:MESSAGE";
    const { headers } = await call("GET", "/healthz", undefined, { "x-request-id": id });
    expect(headers.get("x-request-id")).toBe(id);
    const [line] = log.mock.calls.map(([text]) => JSON.parse(String(text)));
    expect(line).toMatchObject({ kind: "request", request_id: id, route: "/healthz", status: 200 });
  });

  test("is cut to 200 visible characters", async () => {
    const { headers } = await call("GET", "/healthz", undefined, { "x-request-id": `a b${"x".repeat(300)}` });
    expect(headers.get("x-request-id")).toBe(`ab${"x".repeat(198)}`);
  });

  test("is made up when absent", async () => {
    expect((await call("GET", "/healthz")).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("stands on errors too", async () => {
    expect((await call("GET", "/nowhere", undefined, { "x-request-id": "abc" })).headers.get("x-request-id")).toBe(
      "abc",
    );
  });
});

describe("the media type", () => {
  test.each([
    "application/json",
    "application/json;",
    "application/json; charset=utf-8",
    "application/json;charset=utf-8;",
    "application/json ; charset=utf-8",
    "Application/JSON",
    "application/vnd.api+json",
  ])("%s is JSON", async (mediaType) => {
    const answer = await call("POST", "/v2/auth-clients", "{}", { "content-type": mediaType });
    expect([answer.status, faults(answer)]).toEqual([400, ["invalid_document /data"]]);
  });

  test("does not matter without content", async () => {
    const answer = await call("POST", `/v2/workspaces/w/secrets/${ID}/refresh`, "", { "content-type": "text/plain" });
    expect(answer.status).toBe(404);
  });

  test.each(["text/plain", "application/jsonp", "application/xml", ""])("%j is not", async (mediaType) => {
    expect((await call("POST", "/v2/auth-clients", "{}", { "content-type": mediaType })).status).toBe(415);
  });
});

describe("a route that is not there", () => {
  test.each([
    ["GET", "/nowhere"],
    ["PUT", `/v2/auth-clients/${ID}`],
    ["GET", "/v2/workspaces/w/x"],
  ])("%s %s: 404", async (method, path) => {
    const answer = await call(method, path);
    expect([answer.status, faults(answer)]).toEqual([404, ["not_found"]]);
  });
});

describe("a server that is not set up correctly", () => {
  const request = () => new Request("http://localhost/healthz");
  const answerWith = async (changes: object, from = request()) => await ask(from, changes);

  test("refuses to allow loopback for a public address (SECURITY 9)", async () => {
    expect((await answerWith({ PUBLIC_URL: "https://secrets.example.com" })).status).toBe(500);
    expect((await answerWith({ PUBLIC_URL: "" }, new Request("https://secrets.example.com/healthz"))).status).toBe(500);
  });

  test("reports loopback addresses together with everything else", async () => {
    const credentials = {
      client_id: "a",
      client_secret: "b",
      auth_uri: "http://127.0.0.1/",
      token_uri: "ftp://x",
      refresh_token_uri: "https://localhost/",
    };
    const create = new Request("https://secrets.example.com/v2/auth-clients", {
      method: "POST",
      headers: { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ data: { type: "auth-client", attributes: { type: "oauth2", credentials } } }),
    });
    const answer = await answerWith({ ALLOW_LOOPBACK: "", PUBLIC_URL: "https://secrets.example.com" }, create);
    const { errors } = await answer.json<{ errors: { source: { pointer: string } }[] }>();
    expect(errors.map(({ source }) => source.pointer).toSorted()).toEqual([
      "/data/attributes/credentials/auth_uri",
      "/data/attributes/credentials/refresh_token_uri",
      "/data/attributes/credentials/token_uri",
      "/data/attributes/name",
    ]);
  });

  test("refuses loopback addresses of a changed flavour, too (SECURITY 9)", async () => {
    const origin = "https://secrets.example.com";
    const send = async (method: string, path: string, attributes: object) => {
      const headers = { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" };
      const body = JSON.stringify({ data: { type: "auth-client", attributes } });
      const answer = await answerWith(
        { ALLOW_LOOPBACK: "", PUBLIC_URL: origin },
        new Request(`${origin}${path}`, { method, headers, body }),
      );
      return {
        status: answer.status,
        ...(await answer.json<{ data?: { links: { self: string } }; errors?: unknown }>()),
      };
    };
    const [auth_uri, token_uri] = [`${origin}/authorize`, `${origin}/token`];
    const credentials = { client_id: "a", client_secret: "b", auth_uri, token_uri, refresh_token_uri: token_uri };
    const { data } = await send("POST", "/v2/auth-clients", { type: "oauth2", name: "CRM", credentials });
    const change = { flavour: { revoke_uri: "http://127.0.0.1/revoke" } };
    const { status, errors } = await send("PATCH", data?.links.self ?? "", change);
    expect([status, errors]).toEqual([
      400,
      [expect.objectContaining({ source: { pointer: "/data/attributes/flavour/revoke_uri" } })],
    ]);
  });

  test("seals nothing without a key (SECURITY 14)", async () => {
    const create = new Request("http://localhost/v2/auth-clients", {
      method: "POST",
      headers: { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({
        data: {
          type: "auth-client",
          attributes: {
            type: "oauth2",
            name: "x",
            credentials: {
              client_id: "a",
              client_secret: "b",
              auth_uri: "https://a.example.com/",
              token_uri: "https://a.example.com/",
              refresh_token_uri: "https://a.example.com/",
            },
          },
        },
      }),
    });
    const answer = await answerWith({ ENCRYPTION_KEYS: "" }, create);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("storage_integrity");
  });
});

test("GET /healthz: 200 while the database answers, without details", async () => {
  const answer = await ask(new Request("http://localhost/healthz"));
  expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
});

test("415 for an empty body that is said to be something else (SECURITY 28)", async () => {
  for (const type of ["text/plain", "multipart/form-data; boundary=x", "a/b/c"]) {
    const answer = await call("POST", "/v2/tenants", "", { "content-type": type });
    expect([answer.status, faults(answer)]).toEqual([415, ["unsupported_media_type"]]);
  }
});
