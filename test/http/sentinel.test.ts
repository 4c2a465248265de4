/** Marked secrets go in, and none comes out: in no answer, header, event, page or line of the log. And a leak would be seen. */

import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { watchLog } from "../support/log.ts";
import { keepSecret, MARK, takeLeaks, watch } from "../support/sentinel.ts";

const NOWHERE = "http://127.0.0.1:1/";

test("a leak in a line or an answer is seen (SECURITY 26)", () => {
  console.log(`planted: ${env.ROOT_API_KEY}`);
  watch("an answer", JSON.stringify({ client_secret: `${MARK}-x` }));
  keepSecret("a secret of sixteen and more");
  watch("a page", "<p>a secret of sixteen and more</p>");
  watch("a page", "<p>nothing</p>");
  expect(takeLeaks()).toEqual(["console.log holds a secret", "an answer holds a secret", "a page holds a secret"]);
});

test("a leak in a line that a test catches is seen, too (SECURITY 26)", () => {
  watchLog();
  console.error(JSON.stringify({ kind: "alert", internal: `${MARK}-y` }));
  expect(takeLeaks()).toEqual(["the log holds a secret"]);
});

test("marked secrets are in no answer, event or line, whether all goes well or not (SECURITY 26)", async () => {
  const lines = watchLog();
  const workspace = newWorkspace();
  const client = await ConnectedClient.create(
    {},
    { client_secret: `${MARK}-client`, token_uri: NOWHERE, refresh_token_uri: NOWHERE },
  );
  const self = `/v2/auth-clients/${client.id}`;
  const attributes = {
    name: "In hand",
    credentials: { access_token: "shown", refresh_token: `${MARK}-refresh`, expires_in: 3600 },
  };
  const document = { data: { type: "auth-secret", attributes, relationships: client.relationships } };
  const created = await call("POST", `/v2/workspaces/${workspace}/secrets`, document);
  expect(created.status).toBe(201);
  const secret = created.body.data.links.self;
  expect((await call("POST", `${secret}/refresh`)).status).toBe(503);
  for (const path of [
    self,
    secret,
    `${secret}/token`,
    `${secret}/history`,
    `/v2/workspaces/${workspace}/events`,
    "/v2/auth-clients",
  ]) {
    expect([path, (await call("GET", path)).status]).toEqual([path, 200]);
  }
  const wrong = {
    data: { type: "auth-client", attributes: { credentials: { client_secret: `${MARK}-new`, colour: `${MARK}-c` } } },
  };
  expect((await call("PATCH", self, wrong)).status).toBe(400);
  expect((await call("GET", secret, undefined, { authorization: `Bearer ${MARK}-key` })).status).toBe(401);
  expect(lines.length).toBeGreaterThan(0);
  expect(takeLeaks()).toEqual([]);
});
