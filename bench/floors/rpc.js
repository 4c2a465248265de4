/** The floor of what an actor answers: a Worker that asks a Durable Object, which gives a small object from its memory. */

import { DurableObject } from "cloudflare:workers";

export class Holder extends DurableObject {
  #held = { type: "oauth2", access_token: "t".repeat(200), version: 1, health: "ok" };

  read() {
    return this.#held;
  }
}

export default {
  async fetch(_, env) {
    const holder = env.HOLDER.get(env.HOLDER.idFromName("one"));
    return Response.json(await holder.read());
  },
};
