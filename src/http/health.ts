/** `GET /healthz`: 200 while the database answers. */

import { createRoute, z } from "@hono/zod-openapi";
import { requireAnswer } from "../store/database.ts";
import { json, publicFailures } from "./answers.ts";
import type { App } from "./context.ts";

const readHealth = createRoute({
  tags: ["Service"],
  security: [],
  method: "get",
  path: "/healthz",
  summary: "Ask whether the service works",
  description: "It does while its database answers.",
  responses: { 200: json("It works.", z.strictObject({ status: z.literal("ok") })), ...publicFailures() },
});

export function addHealthRoute(app: App): void {
  app.openapi(readHealth, async (c) => {
    await requireAnswer(c.env.DB);
    return c.json({ status: "ok" } as const, 200, { "Cache-Control": "no-store" });
  });
}
