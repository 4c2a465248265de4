/** Which of Hono's routers the routes get. */

import { expect, test } from "vitest";
import { createApp } from "../../src/http/app.ts";

test("every route has a form that the quick router takes", () => {
  const { router } = createApp({} as never);
  router.match("GET", "/");
  expect(router.name).toBe("SmartRouter + RegExpRouter");
});
