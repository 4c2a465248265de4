/** The version that the service names is the version of its package. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("VERSION is the version of package.json", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(readFileSync("src/http/documentation.ts", "utf8")).toContain(`export const VERSION = "${version}";`);
});
