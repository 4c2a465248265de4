/** The floor of what an actor answers: a Worker that asks a Durable Object, which gives a small object from its memory. What it answers has about the size and the headers of a token's. */

import { DurableObject } from "cloudflare:workers";

const token = "t".repeat(200);

export class Holder extends DurableObject {
  #held = {
    type: "oauth2",
    access_token: token,
    token_type: "Bearer",
    expires_at: "2026-01-01T01:00:00Z",
    expires_in: 3600,
    scope: "read write",
    version: 1,
    health: "ok",
    headers: { Authorization: `Bearer ${token}` },
  };

  read() {
    return this.#held;
  }
}

const headers = {
  "Cache-Control": "no-store",
  ETag: '"1"',
  "Server-Timing": "origin",
  "x-request-id": "00000000-0000-0000-0000-000000000000",
};

export default {
  async fetch(_, env) {
    const holder = env.HOLDER.get(env.HOLDER.idFromName("one"));
    return Response.json(await holder.read(), { headers });
  },
};
