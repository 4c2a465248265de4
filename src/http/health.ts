/** `GET /healthz`: 200 while the database answers. */

import type { App } from "./context.ts";

export function addHealthRoute(app: App): void {
  app.get("/healthz", async (c) => {
    await c.env.DB.prepare("SELECT 1").run();
    return c.json({ status: "ok" }, 200, { "Cache-Control": "no-store" });
  });
}
