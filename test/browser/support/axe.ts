/** Holds a page against axe-core's rules for accessibility (WCAG 2 A and AA, and best practices). */

import type { AxeResults } from "axe-core";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const FAILS = new Set(["serious", "critical"]);

/** Asserts that axe finds nothing serious on the page as it is shown; what else it finds is printed. */
export async function expectAccessible(page: Page): Promise<void> {
  // Evaluated, not added as a script: the policy of our pages lets no other script in.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(`axe.run({ resultTypes: ["violations"] })`);
  const told = violations.map(
    ({ id, impact, help, nodes }) =>
      `${impact}: ${id} (${help})\n${nodes.map(({ target, failureSummary }) => `  ${target.join(" ")}: ${failureSummary}`).join("\n")}`,
  );
  if (told.length > 0) console.log([`axe on ${page.url()}`, ...told].join("\n"));
  expect(told.filter((_, index) => FAILS.has(violations[index]?.impact ?? ""))).toEqual([]);
}
