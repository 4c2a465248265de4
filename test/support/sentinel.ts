/**
 * Watches what leaves the service for secrets that a test file knows: answers with their headers, pages, and lines of the log. The root key, the sealing
 * keys, client secrets and marked values never leave, so there is nothing to allow. Runs inside workerd.
 */

import { env } from "cloudflare:workers";

/** What a test marks a secret with. */
export const MARK = "m4rk3d";

const known = new Set([MARK, env.ROOT_API_KEY, ...keysIn(env.ENCRYPTION_KEYS)]);
const leaks: string[] = [];

function keysIn(ring: string): string[] {
  const { keys } = JSON.parse(ring) as { keys: { k: string }[] };
  return keys.map(({ k }) => k);
}

/** Makes a secret known. Texts that anything could hold are none. */
export function keepSecret(value: string): void {
  if (value.length >= 16) known.add(value);
}

/** Looks at what leaves, and remembers where a secret did: never the secret itself. */
export function watch(where: string, text: string): void {
  for (const secret of known) if (text.includes(secret)) leaks.push(`${where} holds a secret`);
}

/** Gives what leaked since the last time. */
export function takeLeaks(): string[] {
  return leaks.splice(0);
}

/** Watches whatever is written to the console from now on, where no test has put something else in its place. */
export function watchConsole(): void {
  for (const name of ["log", "info", "warn", "error", "debug"] as const) {
    const write = console[name].bind(console);
    console[name] = (...what: unknown[]) => {
      watch(`console.${name}`, what.map(String).join(" "));
      write(...what);
    };
  }
}
