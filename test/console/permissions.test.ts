/** Nobody sees a button that would fail: for each permission alone, every form of every page is held against what the API answers. */

import { beforeAll, describe, expect, test } from "vitest";
import { PERMISSIONS } from "../../src/domain/permissions.ts";
import { call, ConnectedClient, newWorkspace } from "../support/api.ts";
import { formsOf, keyWith, type Page, Person } from "../support/console.ts";
import { newKey, newTenancy } from "../support/keys.ts";

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
    const followed = new Set(PAGES());
    for (const path of PAGES()) {
      const page = await person.open(path);
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
        if (followed.has(link)) continue;
        followed.add(link);
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

describe("somebody who may make something, and not see it,", () => {
  /** Walks every link from a page on, and gives the forms there are, by where they lead. */
  async function walk(person: Person, from: string): Promise<Map<string, Page>> {
    const forms = new Map<string, Page>();
    const paths = [from];
    for (const path of paths) {
      const page = await person.open(path);
      expect([path, page.status]).toEqual([path, 200]);
      for (const { action, method } of formsOf(page)) {
        if (method === "post") forms.set(action.split("?")[0] ?? "", page);
      }
      for (const [, link = ""] of page.text.matchAll(/<a (?:class="[^"]*" )?href="(\/console[^"]*)"/g)) {
        const next = link.replaceAll("&amp;", "&");
        if (!paths.includes(next)) paths.push(next);
      }
    }
    return forms;
  }

  const credentials = { username: "anna", password: "marker" };
  const ofSecret = Object.entries(credentials).map(([name, text]) => [`/data/attributes/credentials/${name}`, text]);

  test.each([
    ["workspaces.auth_clients.create", "clients", ""],
    ["workspaces.auth_secret.create", "secrets", "workspaces.auth_clients.get"],
    ["workspaces.api_keys.create", "keys", ""],
  ])("with %s, finds no dead end (SECURITY 24)", async (permission, what, toPick) => {
    const held = [permission, ...(toPick === "" ? [] : [toPick])];
    const person = await Person.signedIn((await keyWith(held, workspace)).key);
    const at = `${base}/${what}/new`;
    const forms = await walk(person, base);
    expect((await person.get(base)).text).toContain(`href="${at}"`);
    const page = await person.open(`${at}?${what === "secrets" ? `client=${client}` : "kind=type:noauth"}`);
    const fields = Object.fromEntries([
      ["/data/attributes/name", "Unseen"],
      ...(what === "secrets" ? ofSecret : []),
    ]) as Record<string, string>;
    const made = await person.submit(page, at, fields);
    expect([made.status, made.text.includes("<h1>")]).toEqual([201, true]);
    for (const [, link = ""] of made.text.matchAll(/href="(\/console[^"]*)"/g)) await walk(person, link);
    expect([...forms.keys()].filter((action) => /delete|refresh|revoke/.test(action))).toEqual([]);
    if (toPick === "") return;
    // Without a client to pick there is no secret to make.
    const blind = await Person.signedIn((await keyWith([permission], workspace)).key);
    await walk(blind, base);
    expect((await blind.get(base)).text).not.toContain(at);
    expect((await blind.get(at)).text).toContain("You may not connect accounts");
  });

  test("at the level of a tenant or a contract, finds none either (SECURITY 24)", async () => {
    const tenancy = await newTenancy();
    for (const [level, plural] of [
      ["tenant", "tenants"],
      ["contract", "contracts"],
    ] as const) {
      const held = [`${plural}.auth_clients.create`, `${plural}.api_keys.create`];
      const person = await Person.signedIn((await newKey(held, { level, id: tenancy[level] })).key);
      for (const from of ["/console", `/console/workspaces/${tenancy.workspace}`, "/console/keys/new"]) {
        await walk(person, from);
      }
      const at = "/console/clients/new";
      const form = await person.open(`${at}?kind=type:noauth`);
      const made = await person.submit(form, at, { "/data/attributes/name": "Unseen" });
      expect([level, made.status, made.text.includes("Unseen")]).toEqual([level, 201, true]);
    }
  });
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
    [`${base}/keys/${key}/revoke`, { name: "x", confirmed: "x" }],
  ] as const) {
    expect([path, (await person.post(path, { csrf, ...fields })).status]).toEqual([path, 403]);
  }
});
