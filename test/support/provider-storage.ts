/**
 * What the test OpenID provider remembers: clients, sessions, grants and tokens, in memory, until the process ends.
 * oidc-provider's own memory adapter keeps about a thousand entries and warns at every start; this one does neither.
 * It does not know what the entries mean, except which of them belong to a grant and to a client.
 */

import type { Adapter, Payload } from "oidc-provider";

interface Entry {
  model: string;
  payload: Payload;
}

/** The models that die with their grant. */
const GRANTED = new Set(["AccessToken", "AuthorizationCode", "RefreshToken"]);

/** Keeps everything one provider stores. */
export class ProviderStorage {
  readonly #entries = new Map<string, Entry>();
  readonly #sessionIds = new Map<string, string>();

  /** Gives oidc-provider the adapter of one of its models. */
  readonly adapterFor = (model: string): Adapter => {
    const key = (id: string): string => `${model}:${id}`;
    const find = (id: string): Payload | undefined => this.#entries.get(key(id))?.payload;

    return {
      upsert: async (id, payload) => {
        this.#entries.set(key(id), { model, payload });
        if (model === "Session") {
          this.#sessionIds.set(String(payload["uid"]), id);
        }
      },
      find: async (id) => find(id),
      findByUid: async (uid) => find(this.#sessionIds.get(uid) ?? ""),
      findByUserCode: async () => undefined,
      consume: async (id) => {
        const payload = find(id);
        if (payload) payload["consumed"] = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => {
        this.#entries.delete(key(id));
      },
      revokeByGrantId: async (grantId) => {
        this.#delete((entry) => GRANTED.has(entry.model) && entry.payload["grantId"] === grantId);
      },
    };
  };

  /** Deletes every grant of a client with all its codes and tokens, and tells how many grants there were. */
  revokeClient(clientId: string): number {
    const ofClient = (entry: Entry): boolean => entry.payload["clientId"] === clientId;
    this.#delete((entry) => GRANTED.has(entry.model) && ofClient(entry));
    return this.#delete((entry) => entry.model === "Grant" && ofClient(entry));
  }

  /** Changes what is registered of a client, as a person does at a provider's own pages. */
  changeClient(clientId: string, members: Payload): void {
    const client = this.#entries.get(`Client:${clientId}`);
    if (client !== undefined) client.payload = { ...client.payload, ...members };
  }

  #delete(matches: (entry: Entry) => boolean): number {
    let deleted = 0;
    for (const [key, entry] of this.#entries) {
      if (!matches(entry)) continue;
      this.#entries.delete(key);
      deleted += 1;
    }
    return deleted;
  }
}
