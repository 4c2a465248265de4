/** The connect pages as people meet them: in Chromium, against `npm start` and oidc-provider's own sign-in and consent pages. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/server-process.ts";
import { useStage } from "../support/stage.ts";
import { expectAccessible } from "./support/axe.ts";
import { PHONE, useBrowser, WITHOUT_SCRIPT } from "./support/browser.ts";
import { complaintsOf } from "./support/complaints.ts";
import { type App, newApp, newLink, signInAndAgree } from "./support/connecting.ts";
import { screenshots } from "./support/screenshots.ts";

/** The platform that sends people here and gets them back. */
const platformPort = await freePort();
const platformUrl = `http://127.0.0.1:${platformPort}`;
const platform = createServer((_, response) => {
  response.setHeader("Content-Type", "text/html").end("<title>Platform</title><h1>Back at the platform</h1>");
});

const stage = useStage(3600, { RETURN_ORIGINS: platformUrl });
const newPerson = useBrowser();
let app: App;

beforeAll(async () => {
  await once(platform.listen(platformPort, "127.0.0.1"), "listening");
  app = await newApp(stage, "Acme Sync");
});
afterAll(() => void platform.close());

async function flowAt(self: string) {
  return (await stage.server.call("GET", self)).body.data;
}

function heading(page: Page) {
  return page.getByRole("heading", { level: 1 });
}

const CONTINUE = { name: "Continue to 127.0.0.1" };

describe("a person with a link", () => {
  test("sees who asks for what, signs in and agrees at the provider, and is told that it worked", async () => {
    const page = await (await newPerson()).newPage();
    const complaints = complaintsOf(page, stage.server.url);
    const { url, self } = await newLink(stage, app);
    await page.goto(url);
    expect(await heading(page).textContent()).toMatch(
      /^Acme Sync asks for access to your account at 127\.0\.0\.1:\d+$/,
    );
    const main = await page.getByRole("main").textContent();
    for (const each of ["Anna's CRM", "sales", "See your name and profile", "read", "another 10 minutes"])
      expect(main).toContain(each);
    await expectAccessible(page);
    await screenshots(page, "connect");

    await page.getByRole("link", CONTINUE).click();
    expect(new URL(page.url()).origin).toBe(stage.provider.issuer);
    await signInAndAgree(page);
    expect(page.url()).toBe(`${stage.server.url}/connect/ended?outcome=connected`);
    expect(await heading(page).textContent()).toBe("Connected");
    await expectAccessible(page);
    await screenshots(page, "connected");

    expect(complaints).toEqual([]);
    const flow = await flowAt(self);
    expect(flow.attributes.state).toBe("completed");
    const token = await stage.server.call("GET", `${flow.relationships.secret.links.self}/token`);
    expect(token.body).toMatchObject({ version: 1, health: "ok" });
  });

  test("gets there with the keyboard alone", async () => {
    const page = await (await newPerson()).newPage();
    const { url } = await newLink(stage, app);
    await page.goto(url);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent.trim()")).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator('input[name="login"]').waitFor();
    expect(new URL(page.url()).origin).toBe(stage.provider.issuer);
  });

  test("gets there in a browser without script", async () => {
    const page = await (await newPerson(WITHOUT_SCRIPT)).newPage();
    const { url, self } = await newLink(stage, app);
    await page.goto(url);
    await page.getByRole("link", CONTINUE).click();
    await signInAndAgree(page);
    expect(await heading(page).textContent()).toBe("Connected");
    expect((await flowAt(self)).attributes.state).toBe("completed");
  });

  test("gets there on a phone, and need not scroll to find the way on", async () => {
    const page = await (await newPerson(PHONE)).newPage();
    const { url, self } = await newLink(stage, app);
    await page.goto(url);
    const goOn = page.getByRole("link", CONTINUE);
    const box = await goOn.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(740);
    expect(box?.height).toBeGreaterThanOrEqual(40);
    await goOn.tap();
    await signInAndAgree(page);
    expect(await heading(page).textContent()).toBe("Connected");
    expect((await flowAt(self)).attributes.state).toBe("completed");
  });

  test("is back at the platform where it asked for that", async () => {
    const page = await (await newPerson()).newPage();
    const { url, self } = await newLink(stage, app, { return_url: `${platformUrl}/done?tab=2` });
    await page.goto(url);
    await page.getByRole("link", CONTINUE).click();
    await signInAndAgree(page);
    expect(await heading(page).textContent()).toBe("Back at the platform");
    const { id, relationships } = await flowAt(self);
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
      tab: "2",
      authorization_id: id,
      secret_id: relationships.secret.data.id,
    });

    // Their own way back to the link shows where to go.
    await page.goto(url);
    expect(await heading(page).textContent()).toBe("Already used");
    await expectAccessible(page);
    await screenshots(page, "used");
    await page.getByRole("link", { name: `Back to ${new URL(platformUrl).host}` }).click();
    expect(await heading(page).textContent()).toBe("Back at the platform");
  });

  test("can read long names and many scopes on a small screen", async () => {
    const long = await newApp(stage, `Integration platform ${"of-a-company-with-a-very-long-name".repeat(4)}`);
    const scopes = Array.from(
      { length: 12 },
      (_, n) => `https://api.example.com/auth/some.long.scope.${"x".repeat(30)}.${n}`,
    );
    const { url } = await newLink(stage, long, { name: "A".repeat(120), scopes });
    const page = await (await newPerson(PHONE)).newPage();
    await page.goto(url);
    expect(await page.getByRole("listitem").count()).toBe(12);
    await screenshots(page, "connect-long");
    await expectAccessible(page);
  });
});

describe("what goes wrong is said in words", () => {
  test("a person who refuses at the provider", async () => {
    const page = await (await newPerson()).newPage();
    const { url, self } = await newLink(stage, app);
    await page.goto(url);
    await page.getByRole("link", CONTINUE).click();
    await page.getByRole("link", { name: "Cancel" }).click();
    expect(await page.getByRole("main").textContent()).toContain("Access was not granted");
    await expectAccessible(page);
    await screenshots(page, "refused");
    expect((await flowAt(self)).attributes).toMatchObject({ state: "failed", reason: "access_denied" });
  });

  test("a link that somebody has used", async () => {
    const { url } = await newLink(stage, app);
    const first = await (await newPerson()).newPage();
    await first.goto(url);
    await first.getByRole("link", CONTINUE).click();
    await signInAndAgree(first);
    const second = await (await newPerson()).newPage();
    expect((await second.goto(url))?.status()).toBe(410);
    expect(await heading(second).textContent()).toBe("Already used");
    expect(await second.getByRole("link", CONTINUE).count()).toBe(0);
  });

  test("another browser than the one that opened the link (SECURITY 3)", async () => {
    const { url, self } = await newLink(stage, app);
    const thief = await (await newPerson()).newPage();
    const victim = await (await newPerson()).newPage();
    await victim.goto(await askedAtProvider(thief, url));
    await signInAndAgree(victim, "victim");
    expect(await heading(victim).textContent()).toBe("Not this browser");
    await expectAccessible(victim);
    await screenshots(victim, "other-browser");
    expect((await flowAt(self)).attributes.state).toBe("pending");
    expect(stage.provider.calls(app.clientId).token_requests.every(({ status }) => status === 200)).toBe(true);
  });

  test("a provider that is down when the code is exchanged, with what support has to know", async () => {
    const broken = await newApp(stage, "Acme Sync");
    stage.provider.setFault(broken.clientId, { status: 503 });
    const { url, self } = await newLink(stage, broken);
    const page = await (await newPerson()).newPage();
    await page.goto(url);
    await page.getByRole("link", CONTINUE).click();
    await signInAndAgree(page);
    const main = await page.getByRole("main").textContent();
    expect(main).toContain("very busy");
    const request = new URL(page.url()).searchParams.get("request") ?? "";
    expect(main).toContain(`Reference: http_503 · ${request}`);
    expect(stage.server.output).toContain(`"request_id":"${request}"`);
    await expectAccessible(page);
    await screenshots(page, "provider-down");
    expect((await flowAt(self)).attributes).toMatchObject({ state: "failed", reason: "http_503" });
  });

  test("a link that is not known", async () => {
    const page = await (await newPerson()).newPage();
    expect((await page.goto(`${stage.server.url}/connect/unknown`))?.status()).toBe(404);
    expect(await heading(page).textContent()).toBe("Unknown link");
    await expectAccessible(page);
    await screenshots(page, "unknown-link");
  });

  test.each(["another_account", "expired", "invalid_client", "invalid_scope", "login_required"])(
    "an end for the reason %s",
    async (outcome) => {
      const page = await (await newPerson()).newPage();
      const request = "5f7c0000-0000-4000-8000-000000000000";
      await page.goto(`${stage.server.url}/connect/ended?outcome=${outcome}&request=${request}`);
      expect(await page.getByRole("main").textContent()).toContain(`Reference: ${outcome} · ${request}`);
      await expectAccessible(page);
      await screenshots(page, `ended-${outcome.replaceAll("_", "-")}`);
    },
  );
});

/** Opens a link in somebody's browser, and gives the address at the provider that it led to first. */
async function askedAtProvider(page: Page, connectUrl: string): Promise<string> {
  const asking = page.waitForRequest((request) => request.url().startsWith(stage.provider.authUri));
  await page.goto(connectUrl);
  await page.getByRole("link", CONTINUE).click();
  return (await asking).url();
}
