/** The console in Chromium: from an empty database to a refreshed secret through its pages, with script and without, and every page looked at. */

import { beforeAll, describe, expect, test } from "vitest";
import { useStage } from "../support/stage.ts";
import { signInAndConsent, UserAgent } from "../support/user-agent.ts";
import { useBrowser, WITHOUT_SCRIPT } from "./support/browser.ts";
import { newApp, newLink } from "./support/connecting.ts";
import { complaintsOf } from "./support/complaints.ts";
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
  beforeAll(async () => {
    const app = await newApp(stage, "Acme Sync");
    await signInAndConsent(new UserAgent(), (await newLink(stage, app, { name: "Anna’s CRM" })).url);
    const key = { name: "Steps", permissions: ["workspaces.auth_secret.get"] };
    const place = { workspace: { data: { id: "sales", type: "workspace" } } };
    await stage.server.call("POST", "/v2/api-keys", {
      data: { type: "api-key", attributes: key, relationships: place },
    });
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
      await page.getByRole("status").waitFor();
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
