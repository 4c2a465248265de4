/** The ring of keys of the whole Worker under test, turned while it runs. Runs inside workerd. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { type Env, settingsOf } from "../../src/bindings.ts";
import type { Keyring } from "../../src/crypto/keyring.ts";
import { cipherOf } from "../../src/crypto/seal.ts";

const known = new Map<string, Uint8Array>();

/** Puts these keys into every isolate's ring, in this order. A name stands for the same key each time. */
export async function turnRing(first: string, ...others: string[]): Promise<void> {
  const ring: Keyring = [keyOf(first), ...others.map(keyOf)];
  for (const each of [env, await envOf("SECRETS"), await envOf("JOBS")]) {
    const settings = settingsOf(each);
    // What actors hold is the cipher itself.
    Object.assign(
      settings.cipher,
      cipherOf(() => ring),
    );
    Object.assign(settings, { kids: () => ring.map(({ kid }) => kid) });
  }
}

function keyOf(kid: string): Keyring[0] {
  const bytes = known.get(kid) ?? crypto.getRandomValues(new Uint8Array(32));
  known.set(kid, bytes);
  return { kid, bytes };
}

/** Objects have an environment of their own. */
async function envOf(binding: "SECRETS" | "JOBS"): Promise<Env> {
  const stub = env[binding].get(env[binding].idFromName("of the ring"));
  return await runInDurableObject(stub, (instance) => (instance as unknown as { env: Env }).env);
}
