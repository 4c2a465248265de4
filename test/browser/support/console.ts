/** What tests of the console do again and again: sign in, look closely, walk from an empty workspace to a connected account, follow links. */

import type { Page } from "playwright-core";
import type { Stage } from "../../support/stage.ts";
import { expectAccessible } from "./axe.ts";
import { signInAndAgree } from "./connecting.ts";
import { screenshots } from "./screenshots.ts";

export const WORKSPACE = "/console/workspaces/sales";

/** Looks closely at the page with everything unfolded: by axe, and in pictures. */
export async function lookAt(page: Page, name: string): Promise<void> {
  await page.evaluate('document.querySelectorAll("details").forEach((each) => { each.open = true; })');
  await expectAccessible(page);
  await screenshots(page, `console-${name}`);
}

/** Opens the console and signs in. */
export async function signIn(page: Page, { server }: Stage, key: string): Promise<void> {
  await page.goto(`${server.url}/console`);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/**
 * Connects an account through pages alone, from a workspace that has nothing: an auth client is made in place, its callback URL registered at the
 * provider, a person consents. `look` is called at every page on the way. Ends on the secret's page. Gives the app's credentials at the provider.
 */
export async function connectThroughPages(
  page: Page,
  { provider }: Stage,
  look: (page: Page, name: string) => Promise<void> = async () => {},
): Promise<{ client_id: string; client_secret: string }> {
  await page.getByRole("link", { name: "Secrets", exact: true }).click();
  await look(page, "secrets-empty");
  await page.getByRole("link", { name: "Connect an account" }).click();
  await look(page, "secret-new-without-client");
  await page.getByRole("link", { name: "Add new client" }).click();
  await look(page, "client-new-choose");

  await page.getByLabel("What does it log in to?").selectOption("hand");
  await page.getByRole("button", { name: "Use this" }).click();
  const callback = await page.getByLabel("Callback URL").inputValue();
  const credentials = await provider.registerClient({ redirect_uris: [callback] });
  await page.getByLabel("Name", { exact: true }).fill("Acme Sync");
  await page.getByLabel("Client id").fill(credentials.client_id);
  await page.getByLabel("Client secret").fill(credentials.client_secret);
  await page.getByLabel("authorization endpoint").fill(provider.authUri);
  await page.getByLabel("token endpoint").fill(provider.tokenUri);
  await page.getByLabel("Where tokens are renewed").fill(provider.tokenUri);
  await look(page, "client-new-by-hand");
  await page.getByRole("button", { name: "Create the auth client" }).click();

  await page.getByLabel("Name", { exact: true }).first().fill("Anna, CRM");
  await page.getByLabel("Scopes").fill("openid offline_access");
  await page.getByLabel("Additional parameters").fill("prompt=consent");
  await look(page, "secret-new");
  await page.getByRole("button", { name: "Authorize" }).click();

  await page.getByRole("link", { name: "Continue to 127.0.0.1" }).click();
  await signInAndAgree(page);
  await page.waitForURL(/\/secrets\/[0-9a-f-]{36}/);
  return credentials;
}

/** Reads one of the facts on a page. */
export async function factOn(page: Page, label: string): Promise<string> {
  return (await page.locator(`dt:text-is("${label}") + dd`).first().textContent())?.trim() ?? "";
}

/** Visits every page of the console that links lead to, once each without its query, and calls `at` there. */
export async function followLinks(
  page: Page,
  { server }: Stage,
  at: (path: string) => Promise<void>,
): Promise<string[]> {
  const seen = new Set<string>();
  const left = ["/console"];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    await page.goto(server.url + path);
    const { pathname } = new URL(page.url());
    if (seen.has(pathname)) continue;
    seen.add(pathname);
    await at(pathname);
    const hrefs = await page
      .locator('a[href^="/console"]')
      .evaluateAll((links) => links.map((a) => a.getAttribute("href")));
    for (const href of hrefs) {
      const next = (href ?? "").replace(/#.*$/, "");
      if (!seen.has(next.replace(/\?.*$/, ""))) left.push(next);
    }
  }
  return [...seen];
}

export interface ShownForm {
  action: string;
  /** As it would be sent, without its buttons. */
  fields: [name: string, value: string][];
}

/** Lists the forms of a page that change something, but for the one that signs out. */
export async function changingForms(page: Page): Promise<ShownForm[]> {
  const forms = await page.evaluate<ShownForm[]>(
    `[...document.querySelectorAll("form[method=post]")].map((form) => ({ action: form.getAttribute("action"), fields: [...new FormData(form)] }))`,
  );
  return forms.filter(({ action }) => action !== "/console/sign-out");
}
