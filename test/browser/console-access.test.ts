/** Who can do what in the console, tried in a real browser: nobody from another site, and nobody by a button that would fail. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../support/connected-account.ts";
import { freePort } from "../support/server-process.ts";
import { useStage } from "../support/stage.ts";
import { useBrowser } from "./support/browser.ts";
import { changingForms, factOn, followLinks, lookAt, signIn } from "./support/console.ts";

const stage = useStage(3600);
const newPerson = useBrowser();
/** The workspace in which `connect` makes its secret. */
const HERE = "/console/workspaces/w";
const SEES = [
  "workspaces.auth_clients.get",
  "workspaces.auth_secret.get",
  "workspaces.api_keys.get",
  "workspaces.events.get",
];

let clientId: string;
let secretPage: string;

beforeAll(async () => {
  const made = await connect(stage.server, stage.provider);
  clientId = made.clientId;
  secretPage = made.secretPath.replace("/v2/", "/console/");
});

function refreshes(): number {
  return stage.provider.calls(clientId).token_requests.filter(({ grant_type }) => grant_type === "refresh_token")
    .length;
}

async function newKey(permissions: string[]): Promise<string> {
  const { body } = await stage.server.call("POST", "/v2/api-keys", {
    data: {
      type: "api-key",
      attributes: { name: "Viewer", permissions },
      relationships: { workspace: { data: { id: "w", type: "workspace" } } },
    },
  });
  return body.data.attributes.key;
}

async function signedIn(key: string): Promise<{ person: BrowserContext; page: Page }> {
  const person = await newPerson();
  const page = await person.newPage();
  await signIn(page, stage, key);
  return { person, page };
}

async function csrfOn(page: Page): Promise<string> {
  await page.goto(stage.server.url + secretPage);
  return await page.locator('input[name="csrf"]').first().inputValue();
}

describe("what changes something is refused (SECURITY 24)", () => {
  test("with another origin, from another site, or without this session's own token", async () => {
    const { person, page } = await signedIn(stage.server.rootKey);
    const csrf = await csrfOn(page);
    const other = await csrfOn((await signedIn(stage.server.rootKey)).page);
    const cookie = (await person.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const post = async (headers: Record<string, string>, token?: string) => {
      const body = new URLSearchParams(token === undefined ? {} : { csrf: token });
      const url = `${stage.server.url}${secretPage}/refresh`;
      return (await fetch(url, { method: "POST", headers: { cookie, ...headers }, body, redirect: "manual" })).status;
    };
    const origin = stage.server.url;
    expect(other).not.toBe(csrf);
    expect(await post({ origin: "https://evil.example.com" }, csrf)).toBe(403);
    expect(await post({ "sec-fetch-site": "cross-site" }, csrf)).toBe(403);
    expect(await post({}, csrf)).toBe(403);
    expect(await post({ origin })).toBe(403);
    expect(await post({ origin }, `${csrf}x`)).toBe(403);
    expect(await post({ origin }, other)).toBe(403);
    expect(refreshes()).toBe(0);
    // The same with all that it needs goes through.
    expect(await post({ origin }, csrf)).toBe(303);
    expect(refreshes()).toBe(1);
  });

  describe("by a page of another site", () => {
    let port: number;
    const action = () => `${stage.server.url}${secretPage}/refresh`;
    const attacker = createServer((_, response) => {
      response.setHeader("Content-Type", "text/html");
      response.end(
        `<form method="post" action="${action()}"><input name="csrf" value="x"><button>Win a prize</button></form>`,
      );
    });
    beforeAll(async () => {
      port = await freePort();
      await once(attacker.listen(port, "127.0.0.1"), "listening");
    });
    afterAll(() => void attacker.close());

    test("that somebody who is signed in is lured to", async () => {
      const { page } = await signedIn(stage.server.rootKey);
      const before = refreshes();
      await page.goto(`http://127.0.0.1:${port}/`);
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url() === action()),
        page.getByRole("button", { name: "Win a prize" }).click(),
      ]);
      expect(answer.status()).toBe(403);
      expect(refreshes()).toBe(before);
      await page.goto(stage.server.url + secretPage);
      expect(await page.getByRole("button", { name: "Refresh now" }).count()).toBe(1);
    });
  });
});

describe("a page shows no button that would fail", () => {
  test("to somebody who may only look: none at all, on any page", { timeout: 120_000 }, async () => {
    const { page } = await signedIn(await newKey(SEES));
    const paths = await followLinks(page, stage, async (path) => {
      expect([path, await changingForms(page)]).toEqual([path, []]);
      const ways = page.getByRole("main").getByRole("link", { name: /^(New|Connect|\+ Add|Make)/ });
      expect([path, await ways.count()]).toEqual([path, 0]);
    });
    for (const path of ["", "/secrets", "/clients", "/keys", "/events"]) expect(paths).toContain(HERE + path);
    await page.goto(stage.server.url + secretPage);
    await lookAt(page, "secret-of-viewer");
  });

  test("to somebody who may refresh besides: that one, and it works", async () => {
    const { page } = await signedIn(await newKey([...SEES, "workspaces.auth_secret.refresh"]));
    await page.goto(stage.server.url + secretPage);
    const version = Number(await factOn(page, "Version"));
    expect((await changingForms(page)).map(({ action }) => action)).toEqual([`${secretPage}/refresh`]);
    await page.getByRole("button", { name: "Refresh now" }).click();
    expect(Number(await factOn(page, "Version"))).toBe(version + 1);
  });

  test.each([
    ["edit secrets", ["workspaces.auth_secret.edit", "workspaces.auth_secret.create"]],
    ["delete secrets and make keys", ["workspaces.auth_secret.delete", "workspaces.api_keys.create"]],
    [
      "change clients",
      ["workspaces.auth_clients.create", "workspaces.auth_clients.edit", "workspaces.auth_clients.delete"],
    ],
  ])("to somebody who may %s: whatever is shown is not forbidden", { timeout: 120_000 }, async (_, permissions) => {
    const { page, person } = await signedIn(await newKey([...SEES, ...permissions]));
    const cookie = (await person.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    let sent = 0;
    const sendAll = async () => {
      for (const { action, fields } of await changingForms(page)) {
        // Without what is required, so that nothing is changed by those that are let in.
        const body = new URLSearchParams(fields.filter(([name]) => !name.startsWith("/data/") && name !== "confirmed"));
        const headers = { cookie, origin: stage.server.url };
        const url = stage.server.url + action;
        const { status } = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
        expect([action, status === 403 || status === 404 || status >= 500]).toEqual([action, false]);
        sent += 1;
      }
    };
    const paths = await followLinks(page, stage, sendAll);
    if (paths.includes(`${HERE}/clients/new`)) {
      await page.goto(`${stage.server.url}${HERE}/clients/new?kind=hand`);
      await sendAll();
    }
    expect(sent).toBeGreaterThan(0);
  });
});
