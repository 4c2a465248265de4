/**
 * Copies that all isolates of a data centre share. A name says nothing and a value is sealed, so whoever keeps them learns nothing. What
 * goes wrong here is never worth a failed read: a copy that cannot be had is not there.
 */

/** Where such copies are kept. The platform's Cache API today; anything that can do these three may take its place. */
export interface EdgeLayer {
  find(name: string): Promise<string | null>;
  /** Keeps a copy for at most so many whole seconds. */
  keep(name: string, copy: string, seconds: number): Promise<void>;
  drop(name: string): Promise<void>;
}

/** Kept apart from what else a zone caches. */
const CACHE = "token-copies";

/** The Cache API: a cache in each data centre, which forgets nothing that another one drops. */
export const cacheApi: EdgeLayer = {
  async find(name) {
    try {
      const found = await (await caches.open(CACHE)).match(addressOf(name));
      return found === undefined ? null : await found.text();
    } catch {
      return null;
    }
  },
  async keep(name, copy, seconds) {
    try {
      const answer = new Response(copy, { headers: { "Cache-Control": `max-age=${seconds}` } });
      await (await caches.open(CACHE)).put(addressOf(name), answer);
    } catch {
      // The next read asks the actor.
    }
  },
  async drop(name) {
    try {
      await (await caches.open(CACHE)).delete(addressOf(name));
    } catch {
      // It ends by itself within `EDGE_CACHE_SECONDS`.
    }
  },
};

/** The cache wants addresses. Nothing is ever fetched from this one (RFC 2606 2). */
function addressOf(name: string): string {
  return `https://token-copies.invalid/${name}`;
}
