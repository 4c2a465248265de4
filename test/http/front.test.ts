/** What is answered at the first door, and what goes on to the router. */

import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createFront } from "../../src/http/front.ts";
import { call, ConnectedClient, newWorkspace } from "../support/api.ts";

const TOKEN = `http://localhost/v2/workspaces/w/secrets/${crypto.randomUUID()}/token`;

/** A door whose router says that it was asked. */
function newDoor() {
  const loads = { begun: 0, made: 0 };
  const fetchJwks = () => Promise.reject(new Error("there are no issuers"));
  const front = createFront({ fetchJwks }, async () => {
    loads.begun += 1;
    await Promise.resolve();
    return () => {
      loads.made += 1;
      return () => new Response("router");
    };
  });
  const ask = async (url: string, init?: RequestInit) =>
    await front(new Request(url, init), env, createExecutionContext());
  return { ask, loads };
}

describe("createFront", () => {
  test("answers a plain token read, well or badly, and loads nothing for it", async () => {
    const { ask, loads } = newDoor();
    const answer = await ask(TOKEN, { headers: { "x-request-id": "mine" } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("Basic");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-request-id")).toBe("mine");
    expect(await answer.json()).toMatchObject({ errors: [{ code: "unauthenticated" }] });
    const root = { authorization: `Bearer ${env.ROOT_API_KEY}` };
    expect((await ask(TOKEN, { headers: root })).status).toBe(404);
    expect((await ask("http://localhost/v2/workspaces/w/secrets/no-id/token", { headers: root })).status).toBe(404);
    expect(loads.begun).toBe(0);
  });

  test.each([
    [`${TOKEN}?min_ttl=5`, {}],
    [`${TOKEN}/`, {}],
    [TOKEN, { method: "POST" }],
    [TOKEN, { method: "HEAD" }],
    [TOKEN.replace("/token", ""), {}],
    [TOKEN.replace("/v2", "/v2/x"), {}],
    ["http://localhost/token", {}],
    ["http://localhost/", {}],
  ])("leaves %s %o to the router", async (url, init) => {
    const { ask, loads } = newDoor();
    expect(await (await ask(url, init)).text()).toBe("router");
    expect(loads).toEqual({ begun: 1, made: 1 });
  });

  test("makes the router once, however many come before it is there", async () => {
    const { ask, loads } = newDoor();
    await Promise.all(Array.from({ length: 20 }, () => ask("http://localhost/")));
    await ask("http://localhost/");
    expect(loads.made).toBe(1);
  });

  test("gives the answer that the router would have given", async () => {
    const client = await ConnectedClient.create({ access_token_seconds: 600 });
    const path = await client.connect(newWorkspace());
    for (const each of [path, path.replace(/[^/]+$/, crypto.randomUUID())]) {
      const [plain, routed] = [await call("GET", `${each}/token`), await call("GET", `${each}/token?min_ttl=0`)];
      const { expires_in: _, ...rest } = plain.body;
      expect(routed.body).toMatchObject(rest);
      expect(routed.status).toBe(plain.status);
      for (const header of ["content-type", "cache-control", "etag", "www-authenticate"]) {
        expect(routed.headers.get(header)).toBe(plain.headers.get(header));
      }
    }
  });
});
