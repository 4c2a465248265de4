/** What the browser itself holds against our pages. */

import type { Page } from "playwright-core";

/** Collects what the policy of our pages refuses and what their script throws, from now on. The list grows. */
export function complaintsOf(page: Page, ourUrl: string): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    const isOurs = page.url().startsWith(ourUrl);
    // A page that says 404 or 410 on purpose is told to the console as well.
    const isAnswer = message.text().startsWith("Failed to load resource: the server responded");
    if (isOurs && message.type() === "error" && !isAnswer) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return complaints;
}
