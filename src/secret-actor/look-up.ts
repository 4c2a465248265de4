/** Looks an auth client up in D1, and does not wait for ever. */

import type { AuthClientId } from "../domain/ids.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import type { Ports } from "./ports.ts";

/** The longest that D1 may take. */
export const D1_TIMEOUT_MS = 5000;

/** Finds a client: null when there is none, undefined when D1 does not answer in time. `recent`: as it was at most a second ago will do. */
export async function lookUpClient(
  ports: Ports,
  id: AuthClientId,
  age: "now" | "recent" = "now",
): Promise<SealedAuthClient | null | undefined> {
  let found: SealedAuthClient | null | undefined;
  const lookUp = ports.findAuthClient(id, age).then(
    (client) => (found = client),
    () => undefined,
  );
  await ports.waitFor(lookUp, D1_TIMEOUT_MS);
  return found;
}
