/** The console in Chromium: from an empty database to a refreshed secret through its pages, with script and without, and every page looked at. */

import { beforeAll, describe, expect, test } from "vitest";
import { useStage } from "../support/stage.ts";
import { signInAndConsent, UserAgent } from "../support/user-agent.ts";
import { useBrowser, WITHOUT_SCRIPT } from "./support/browser.ts";
import { newApp, newLink } from "./support/connecting.ts";
import { complaintsOf } from "./support/complaints.ts";
import { screenshots } from "./support/screenshots.ts";
import { connectThroughPages, factOn, followLinks, lookAt, signIn, WORKSPACE } from "./support/console.ts";

const stage = useStage(3600);
const newPerson = useBrowser();

describe("somebody who never saw the API", () => {
  test("signs in, makes a client, connects an account and renews its token", { timeout: 120_000 }, async () => {
    const page = await (await newPerson()).newPage();
    const complaints = complaintsOf(page, stage.server.url);
    await page.goto(`${stage.server.url}/console`);
    await lookAt(page, "sign-in");
    await page.getByLabel("API key").fill("esk_wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("This key is not valid");
    await lookAt(page, "sign-in-refused");

    await signIn(page, stage, stage.server.rootKey);
    await lookAt(page, "workspaces");
    await page.getByLabel("Id of the workspace").fill("new-team");
    await page.getByRole("button", { name: "Open" }).click();
    expect(new URL(page.url()).pathname).toBe("/console/workspaces/new-team");
    await lookAt(page, "overview-empty");

    const { client_id } = await connectThroughPages(page, stage, lookAt);
    expect(await page.getByRole("status").first().textContent()).toContain("The account is connected");
    expect(await factOn(page, "Version")).toBe("1");
    await page.getByRole("button", { name: "Refresh now" }).click();
    expect(await page.getByRole("status").first().textContent()).toContain("A new token is in use");
    expect(await factOn(page, "Version")).toBe("2");
    // As it stands in the README.
    await screenshots(page, "console-secret-folded");
    await lookAt(page, "secret");

    const kinds = stage.provider.calls(client_id).token_requests.map(({ grant_type }) => grant_type);
    expect(kinds).toEqual(["authorization_code", "refresh_token"]);
    const { body } = await stage.server.call("GET", "/v2/workspaces/new-team/secrets");
    expect(body.data[0].attributes).toMatchObject({ name: "Anna, CRM", version: 2, state: "ready" });
    expect(complaints).toEqual([]);
  });

  test("does the same in a browser without script", { timeout: 120_000 }, async () => {
    const page = await (await newPerson(WITHOUT_SCRIPT)).newPage();
    await signIn(page, stage, stage.server.rootKey);
    await page.goto(`${stage.server.url}/console/workspaces/without-script`);
    // Its workspace uses no client of another, so the way is the same.
    await connectThroughPages(page, stage);
    expect(await factOn(page, "Version")).toBe("1");
    await page.getByRole("button", { name: "Refresh now" }).click();
    expect(await factOn(page, "Version")).toBe("2");
    await page.getByText("Delete this secret").click();
    await page.getByLabel("to confirm").fill("Anna, CRM");
    await page.getByRole("button", { name: "Delete" }).click();
    expect(await page.getByRole("status").first().textContent()).toContain("It is deleted");
  });
});

describe("every page", () => {
  const clients = new Map<string, string>();

  beforeAll(async () => {
    const app = await newApp(stage, "Acme Sync");
    await signInAndConsent(new UserAgent(), (await newLink(stage, app, { name: "Anna’s CRM" })).url);
    const key = { name: "Steps", permissions: ["workspaces.auth_secret.get"] };
    const place = { workspace: { data: { id: "sales", type: "workspace" } } };
    await stage.server.call("POST", "/v2/api-keys", {
      data: { type: "api-key", attributes: key, relationships: place },
    });
    for (const [type, around] of [["tenant"], ["contract", "tenant"], ["workspace", "contract"]] as const) {
      const relationships = around === undefined ? {} : { [around]: { data: { id: `acme-${around}`, type: around } } };
      const data = { type, id: `acme-${type}`, attributes: { name: `Acme’s ${type}` }, relationships };
      await stage.server.call("POST", `/v2/${type}s`, { data });
    }
    for (const type of ["basic", "api_key", "noauth", "crm_token"]) {
      const attributes = { type, name: `Acme ${type}`, credentials: {} };
      const { body } = await stage.server.call("POST", "/v2/auth-clients", {
        data: { type: "auth-client", attributes, relationships: place },
      });
      clients.set(type, body.data.id);
    }
    clients.set("oauth2", app.id);
  });

  test.each([
    ["overview", WORKSPACE],
    ["secrets", `${WORKSPACE}/secrets`],
    ["secrets-nothing-found", `${WORKSPACE}/secrets?name=nothing`],
    ["clients", `${WORKSPACE}/clients`],
    ["client-new-preset", `${WORKSPACE}/clients/new?kind=preset:salesforce`],
    ["client-new-issuer", `${WORKSPACE}/clients/new?kind=issuer`],
    ["client-new-basic", `${WORKSPACE}/clients/new?kind=type:basic`],
    ["keys", `${WORKSPACE}/keys`],
    ["key-new", `${WORKSPACE}/keys/new`],
    ["events", `${WORKSPACE}/events`],
    ["tenancy", "/console/tenancy/workspaces"],
    ["tenancy-contracts", "/console/tenancy/contracts"],
    ["not-connected", `${WORKSPACE}/authorized?error=access_denied`],
    ["not-found", `${WORKSPACE}/nothing`],
  ])("%s can be used by everybody", async (name, path) => {
    const page = await (await newPerson()).newPage();
    const complaints = complaintsOf(page, stage.server.url);
    await signIn(page, stage, stage.server.rootKey);
    await page.goto(stage.server.url + path);
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    await lookAt(page, name);
    expect(complaints).toEqual([]);
  });

  test("to make a secret has the fields of its type", async () => {
    const page = await (await newPerson()).newPage();
    await signIn(page, stage, stage.server.rootKey);
    for (const [type, field] of [
      ["basic", "Password"],
      ["api_key", "Name of the header"],
      ["crm_token", "Credentials"],
      ["oauth2", "Access token"],
    ] as const) {
      await page.goto(`${stage.server.url}${WORKSPACE}/secrets/new?client=${clients.get(type)}`);
      await lookAt(page, `secret-new-${type.replace("_", "-")}`);
      expect(await page.getByLabel(field, { exact: true }).isVisible()).toBe(true);
    }
  });

  test("that a form answers with can be used by everybody: a link to send, a new key", async () => {
    const page = await (await newPerson()).newPage();
    await signIn(page, stage, stage.server.rootKey);
    await page.goto(`${stage.server.url}${WORKSPACE}/secrets/new?client=${clients.get("oauth2")}`);
    await page.getByLabel("Name", { exact: true }).first().fill("Berta, CRM");
    await page.getByRole("button", { name: "Make a link to send" }).click();
    expect(await page.getByLabel("Link", { exact: true }).inputValue()).toContain("/connect/");
    await lookAt(page, "link-to-send");
    // Loaded anew it asks for the next one.
    await page.goto(page.url());
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Connect an account");

    await page.goto(`${stage.server.url}${WORKSPACE}/keys/new`);
    await page.getByLabel("Name", { exact: true }).fill("Nightly sync");
    await page.getByRole("button", { name: "Make the key" }).click();
    expect(await page.getByLabel("API key", { exact: true }).inputValue()).toMatch(/^esk_/);
    await lookAt(page, "key-made");
  });

  test("of the documentation wears the same look", async () => {
    const page = await (await newPerson()).newPage();
    await page.goto(`${stage.server.url}/docs`);
    // As far as one sees: all of it is as long as a book.
    const paper = async () => await page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const ofDocs = await paper();
    await screenshots(page, "docs", { isWhole: false });
    await page.goto(`${stage.server.url}/console/sign-in`);
    expect(await paper()).toBe(ofDocs);
  });

  test("tells screen readers when a secret that they look at is another way", async () => {
    const app = await newApp(stage, "Acme Sync");
    await signInAndConsent(new UserAgent(), (await newLink(stage, app, { name: "Carla" })).url);
    const { body } = await stage.server.call("GET", "/v2/workspaces/sales/secrets?filter[name]=Carla");
    const self: string = body.data[0].links.self;
    const page = await (await newPerson()).newPage();
    await page.clock.install();
    await signIn(page, stage, stage.server.rootKey);
    await page.goto(stage.server.url + self.replace("/v2/", "/console/"));
    stage.provider.revokeGrants(app.clientId);
    await stage.server.call("POST", `${self}/refresh`);
    await page.clock.runFor(21_000);
    const said = page.getByRole("status").filter({ hasText: "Connect again" });
    await said.waitFor();
    expect(await said.textContent()).toContain("A person has to connect the account again.");
    await page.goto(stage.server.url + WORKSPACE);
    expect(await page.getByRole("heading", { name: "What needs you" }).isVisible()).toBe(true);
    await lookAt(page, "overview-in-trouble");
  });

  test("tells screen readers what was copied", async () => {
    const person = await newPerson();
    await person.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await person.newPage();
    await signIn(page, stage, stage.server.rootKey);
    await page.goto(`${stage.server.url}${WORKSPACE}/clients/new?kind=issuer`);
    await page.getByRole("button", { name: "Copy" }).click();
    const said = page.getByRole("status").filter({ hasText: "Copied" });
    await said.waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toContain("/callback/oauth2/");
  });

  test("that asks once more by itself can be used while it does", async () => {
    const page = await (await newPerson(WITHOUT_SCRIPT)).newPage();
    await page.route("**/console?*", async (route) => {
      const answer = await route.fetch({ headers: { ...route.request().headers(), "sec-fetch-site": "cross-site" } });
      const body = (await answer.text()).replace(/content="0; /, 'content="999; ');
      await route.fulfill({ response: answer, body });
    });
    await page.goto(`${stage.server.url}/console?from=elsewhere`);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("One moment");
    await screenshots(page, "console-one-moment");
  });

  test(
    "of a client says what is wrong with it, and what a form lacks, beside the field",
    { timeout: 120_000 },
    async () => {
      const page = await (await newPerson()).newPage();
      await signIn(page, stage, stage.server.rootKey);
      await page.goto(`${stage.server.url}${WORKSPACE}/clients`);
      await page.getByRole("link", { name: "Acme Sync" }).first().click();
      await lookAt(page, "client");
      await page.getByRole("button", { name: "Diagnose" }).click();
      await page.getByText("Every URI may be called.").waitFor();
      await lookAt(page, "client-diagnosed");

      await page.goto(`${stage.server.url}${WORKSPACE}/clients/new?kind=hand`);
      await page.getByLabel("Name", { exact: true }).fill("Half");
      await page.getByLabel("Client id").fill("kept");
      await page.getByLabel("authorization endpoint").fill("http://example.com/auth");
      await page.getByLabel("token endpoint").fill("https://user@example.com/token");
      await page.getByLabel("Where tokens are renewed").fill("https://example.com/token");
      await page.getByRole("button", { name: "Create the auth client" }).click();
      expect(await page.getByLabel("authorization endpoint").getAttribute("aria-invalid")).toBe("true");
      expect(await page.getByLabel("Client id").inputValue()).toBe("kept");
      await lookAt(page, "client-new-refused");
    },
  );

  test("that links lead to is there, and holds no credential (SECURITY 24)", { timeout: 120_000 }, async () => {
    const { body } = await stage.server.call("GET", "/v2/workspaces/sales/secrets");
    const token = await stage.server.call("GET", `${body.data[0].links.self}/token`);
    const hidden = [token.body.access_token, stage.server.rootKey];
    const page = await (await newPerson()).newPage();
    await signIn(page, stage, stage.server.rootKey);
    await page.goto(`${stage.server.url}${WORKSPACE}`);
    const paths = await followLinks(page, stage, async (path) => {
      const html = await page.content();
      expect([path, await page.getByRole("heading", { level: 1 }).count()]).toEqual([path, 1]);
      expect([path, /There is nothing here/.test(html), hidden.filter((each) => html.includes(each))]).toEqual([
        path,
        false,
        [],
      ]);
    });
    expect(paths.length).toBeGreaterThan(4);
  });
});
