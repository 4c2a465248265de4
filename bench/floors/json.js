/** The floor of what is answered from memory: a Hono route whose answer has about the size and the headers of a token's. */

import { Hono } from "hono";

const token = "t".repeat(200);
const app = new Hono();

app.get("/token", (c) =>
  c.json(
    {
      type: "oauth2",
      access_token: token,
      token_type: "Bearer",
      expires_at: "2026-01-01T01:00:00Z",
      expires_in: 3600,
      scope: "read write",
      version: 1,
      health: "ok",
      headers: { Authorization: `Bearer ${token}` },
    },
    200,
    {
      "Cache-Control": "no-store",
      ETag: '"1"',
      "Server-Timing": "memory",
      "x-request-id": "00000000-0000-0000-0000-000000000000",
    },
  ),
);

export default app;
