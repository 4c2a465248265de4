/** Debian's Chromium, driven by playwright-core: one process for a file of tests, a profile of its own for each person. */

import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { findChromium, HOW_TO_INSTALL } from "../../../scripts/chromium.ts";

/** No sandbox, since continuous integration mostly runs as root; and nothing that looks for the network by itself. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Whatever asks for another host fails at once: pages of ours need none, and a test waits for none.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];
/** Under what the tests have, so that what fails says what was waited for. */
const PATIENCE_MS = 20_000;

/** Makes a profile for one person, on a large screen unless the options say otherwise. */
export type NewPerson = (options?: BrowserContextOptions) => Promise<BrowserContext>;

/** A phone, as far as pages can tell. */
export const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** A browser that runs no scripts. */
export const WITHOUT_SCRIPT: BrowserContextOptions = { javaScriptEnabled: false };

/** Starts the browser before the first test of a file and ends it after the last; profiles go with their test. */
export function useBrowser(): NewPerson {
  let browser: Browser;
  const people: BrowserContext[] = [];
  beforeAll(async () => {
    const executablePath = findChromium();
    if (executablePath === null) throw new Error(HOW_TO_INSTALL);
    browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  });
  afterEach(async () => {
    await Promise.all(people.splice(0).map((person) => person.close()));
  });
  afterAll(() => browser?.close());

  return async (options = {}) => {
    const person = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    person.setDefaultTimeout(PATIENCE_MS);
    people.push(person);
    return person;
  };
}
