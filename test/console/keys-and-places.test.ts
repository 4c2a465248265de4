/** Keys, tenants, contracts and workspaces in the console: made by a form, gone when their name was typed. */

import { beforeAll, expect, test } from "vitest";
import { call, newWorkspace } from "../support/api.ts";
import { formsOf, keyWith, Person } from "../support/console.ts";

const ATTRIBUTES = "/data/attributes";
let root: Person;
let workspace: string;
let base: string;

beforeAll(async () => {
  root = await Person.signedIn();
  workspace = newWorkspace();
  base = `/console/workspaces/${workspace}`;
});

test("the key that somebody is signed in with says that they lose it", async () => {
  const held = ["workspaces.api_keys.get", "workspaces.api_keys.delete"];
  const { id, key } = await keyWith(held, workspace);
  const person = await Person.signedIn(key);
  const page = await person.get(`${base}/keys`);
  expect(page.text.split("you are signed out at once")).toHaveLength(2);
  const path = `${base}/keys/${id}/revoke`;
  const { fields } = formsOf(page).find(({ action }) => action === path) ?? {};
  await person.submit(page, path, { confirmed: fields?.get("name") ?? "" });
  expect((await person.get(`${base}/keys`)).location).toContain("/console/sign-in");
});

test("a key without permissions that its maker lacks is refused with the fault bound to its choices", async () => {
  const page = await root.get(`${base}/keys/new`);
  const { fields } = formsOf(page).find(({ action }) => action === `${base}/keys/new`) ?? {};
  const sent = new URLSearchParams(fields);
  sent.append(`${ATTRIBUTES}/permissions`, "no.such_permission");
  const { status, text } = await root.post(`${base}/keys/new`, sent);
  expect(status).toBe(400);
  const id = "f-data-attributes-permissions";
  expect(text).toContain(`<fieldset id="${id}" aria-describedby="${id}-hint ${id}-error">`);
  expect(text).toContain(`<p class="error" id="${id}-error">`);
});

test("a key is on the page that made it and on no other", async () => {
  const page = await root.get(`${base}/keys/new`);
  const answer = await root.submit(page, `${base}/keys/new`, { [`${ATTRIBUTES}/name`]: "Steps" });
  const [key = "", id] = /esk_([0-9a-f-]{36})_[\w-]{43}/.exec(answer.text) ?? [];
  expect([answer.status, key.length > 0]).toEqual([201, true]);
  const { text } = await root.get(`${base}/keys`);
  expect(text).toContain("Steps");
  expect(text).not.toContain(key);
  const path = `${base}/keys/${id}/revoke`;
  const meant = await root.submit(await root.get(`${base}/keys`), path, { confirmed: "Step" });
  expect([meant.status, meant.text.includes("Type the name, “Steps”, to revoke it.")]).toEqual([400, true]);
  expect(
    (await call("GET", `/v2/workspaces/${workspace}/secrets`, undefined, { authorization: `Bearer ${key}` })).status,
  ).toBe(200);
  const revoked = await root.submit(await root.get(`${base}/keys`), path, { confirmed: "Steps" });
  expect(revoked.location).toBe(`${base}/keys?notice=revoked`);
  const faulty = await root.submit(page, `${base}/keys/new`, {
    [`${ATTRIBUTES}/name`]: "Old",
    [`${ATTRIBUTES}/expires_at`]: "2020-01-01",
  });
  expect([faulty.status, faulty.text.includes("must lie in the future")]).toEqual([400, true]);
});

test("tenants, contracts and workspaces are made and deleted by their name", async () => {
  const id = `t-${crypto.randomUUID()}`;
  const make = async (kind: string, place_id = "") =>
    await root.submit(await root.get(`/console/tenancy/${kind}`), `/console/tenancy/${kind}`, {
      [`${ATTRIBUTES}/name`]: `${kind} ${id}`,
      "/data/id": id,
      ...(place_id !== "" && { place_id }),
    });
  for (const [kind, parent] of [["tenants"], ["contracts", id], ["workspaces", id]] as const) {
    expect((await make(kind, parent)).location).toBe(`/console/tenancy/${kind}?notice=created`);
  }
  const taken = await make("tenants");
  expect([taken.status, taken.text.includes("This id is taken.")]).toEqual([409, true]);
  const lost = await make("contracts", "nowhere");
  expect([lost.status, lost.text.includes('id="fplace-id-error"')]).toEqual([404, true]);
  const form = { csrf: await root.csrf() };
  const path = `/console/tenancy/tenants/${id}/delete`;
  expect((await root.post(path, { ...form, confirmed: "no" })).status).toBe(400);
  expect((await root.post(path, { ...form, confirmed: `tenants ${id}` })).location).toMatch(
    /notice=(deleted|removing)$/,
  );
});
