/** Pictures of pages in both themes and two widths, in a folder that git ignores, to be looked at. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect } from "vitest";

const FOLDER = "test/browser/screenshots";
const WIDTHS = [360, 1280];
const THEMES = ["light", "dark"] as const;
const HEIGHT = 800;

/** Writes `{name}-{width}-{theme}.png` for each, the whole page or what one sees first, and asserts that no width makes the page scroll sideways. The page is as it was afterwards. */
export async function screenshots(page: Page, name: string, { isWhole = true } = {}): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: join(FOLDER, `${name}-${width}-${colorScheme}.png`), fullPage: isWhole });
    }
    expect(
      await page.evaluate<number>("document.documentElement.scrollWidth"),
      `${name}, ${width} wide`,
    ).toBeLessThanOrEqual(width);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before !== null) await page.setViewportSize(before);
}
