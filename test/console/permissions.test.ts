/** Nobody sees a button that would fail: for each permission alone, every form of every page is held against what the API answers. */

import { beforeAll, describe, expect, test } from "vitest";
import { PERMISSIONS } from "../../src/domain/permissions.ts";
import { call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { formsOf, keyWith, Person } from "../support/console.ts";

const workspace = newWorkspace();
const base = `/console/workspaces/${workspace}`;
let secret: string;
let client: string;
let key: string;

beforeAll(async () => {
  const connected = await ConnectedClient.create();
  secret = (await connected.connect(workspace)).split("/").at(-1) ?? "";
  const { body } = await call("POST", "/v2/auth-clients", {
    data: {
      type: "auth-client",
      attributes: { type: "basic", name: "Basic", credentials: {} },
      relationships: { workspace: { data: { id: workspace, type: "workspace" } } },
    },
  });
  client = body.data.id;
  key = (await keyWith([], workspace)).id;
});

/** The pages that the navigation and the lists lead to. */
const PAGES = () => [
  base,
  `${base}/secrets`,
  `${base}/secrets/new?client=${client}`,
  `${base}/secrets/${secret}`,
  `${base}/clients`,
  `${base}/clients/new?kind=type:noauth`,
  `${base}/clients/${client}`,
  `${base}/keys`,
  `${base}/keys/new`,
  `${base}/events`,
];

/** What a form asks the API to do, and the permission of a workspace's key that this needs. */
const NEEDS: [RegExp, string][] = [
  [/\/sign-out$/, ""],
  [/\/secrets\/new$/, "workspaces.auth_secret.create"],
  [/\/secrets\/[^/]+\/refresh$/, "workspaces.auth_secret.refresh"],
  [/\/secrets\/[^/]+\/delete$/, "workspaces.auth_secret.delete"],
  [/\/secrets\/[^/]+(\/authorize)?$/, "workspaces.auth_secret.edit"],
  [/\/clients\/new$/, "workspaces.auth_clients.create"],
  [/\/clients\/[^/]+\/delete$/, "workspaces.auth_clients.delete"],
  [/\/clients\/[^/]+(\/diagnose)?$/, "workspaces.auth_clients.edit"],
  [/\/keys\/new$/, "workspaces.api_keys.create"],
  [/\/keys\/[^/]+\/revoke$/, "workspaces.api_keys.delete"],
];

const TO_SEE = [
  "workspaces.auth_secret.get",
  "workspaces.auth_clients.get",
  "workspaces.api_keys.get",
  "workspaces.events.get",
];
const OF_WORKSPACES = PERMISSIONS.filter((each) => /^workspaces\.(auth|api)/.test(each));

describe.each(["", ...OF_WORKSPACES])("with %s beside what it takes to see", (permission) => {
  test("every form of every page is one that the API would take, and no link of the navigation is refused (SECURITY 24)", async () => {
    const held = [...new Set([...TO_SEE, ...(permission === "" ? [] : [permission])])];
    const person = await Person.signedIn((await keyWith(held, workspace)).key);
    const offered = new Set<string>();
    for (const path of PAGES()) {
      const page = await person.get(path);
      expect([path, page.status]).toEqual([path, 200]);
      for (const { action, method } of formsOf(page).filter((form) => form.method === "post")) {
        const [, needed] = NEEDS.find(([pattern]) => pattern.test(action.split("?")[0] ?? "")) ?? [];
        expect([path, method, action, needed]).toEqual([
          path,
          "post",
          action,
          needed === "" || held.includes(needed ?? "?") ? needed : "a permission that is held",
        ]);
        offered.add(needed ?? "");
      }
      for (const [, link = ""] of page.text.matchAll(/<a (?:class="[^"]*" )?href="(\/console[^"]*)"/g)) {
        const led = await person.get(link.replaceAll("&amp;", "&"));
        expect([link, led.status < 400]).toEqual([link, true]);
      }
    }
    const isAChange = permission !== "" && !/\.(get|get_credentials)$/.test(permission);
    if (isAChange) expect(offered).toContain(permission);
  });
});

test("somebody who may see nothing gets pages without buttons, and no link that is refused", async () => {
  const person = await Person.signedIn((await keyWith([], workspace)).key);
  const home = await person.get("/console");
  expect(home.location).toBe(base);
  const { status, text } = await person.get(base);
  expect([status, text.includes("There is nothing for you to see here")]).toEqual([200, true]);
  expect(formsOf({ text } as never).map(({ action }) => action)).toEqual(["/console/sign-out"]);
  expect(text).not.toContain(`href="${base}/`);
  for (const path of [`${base}/secrets`, `${base}/clients`, `${base}/keys`, `${base}/events`]) {
    expect((await person.get(path)).status).toBe(403);
  }
});

test("another workspace does not exist for a workspace's key, nor do the pages of wider scopes", async () => {
  const person = await Person.signedIn((await keyWith([...TO_SEE], workspace)).key);
  expect((await person.get(`/console/workspaces/${newWorkspace()}/secrets`)).status).toBe(404);
  expect((await person.get("/console/tenancy/tenants")).text).not.toContain("<h2>New tenant</h2>");
});

test("a button that is not shown does nothing when it is pressed all the same", async () => {
  const person = await Person.signedIn((await keyWith([...TO_SEE], workspace)).key);
  const csrf = await person.csrf(base);
  for (const [path, fields] of [
    [`${base}/secrets/${secret}/refresh`, {}],
    [`${base}/secrets/${secret}/delete`, { confirmed: "My account" }],
    [`${base}/clients/${client}/delete`, { confirmed: "Basic" }],
    [`${base}/keys/${key}/revoke`, {}],
  ] as const) {
    expect([path, (await person.post(path, { csrf, ...fields })).status]).toEqual([path, 403]);
  }
});
