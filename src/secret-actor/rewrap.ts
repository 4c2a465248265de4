/** How what an actor holds comes under another key, while everything else goes on (docs/decisions/0023). */

import { ServiceError } from "../errors.ts";
import { rewrapAuthClient } from "../store/auth-clients.ts";
import { indexEntry } from "./index-entry.ts";
import { grantIdentity, type Memory } from "./memory.ts";
import type { Ports } from "./ports.ts";

/**
 * Seals under the ring's first key what another has sealed, and lets the index, which says `said`, say so. Gives the names of the keys
 * that it now takes to open what is here. @throws {ServiceError} `not_found`, `storage_integrity`
 */
export async function rewrapRecord(
  memory: Memory,
  { cipher, now }: Pick<Ports, "cipher" | "now">,
  said: string | null,
): Promise<string> {
  for (;;) {
    const before = memory.record;
    if (before === null || before.secret === null) throw new ServiceError("not_found", "There is no such secret.");
    const grant = before.grant && (await cipher.rewrap(grantIdentity(before, before.secret.version), before.grant));
    // A copy that does not open is of no use; the client itself is in D1.
    const client = before.client && (await rewrapAuthClient(cipher, before.client).catch(() => null));

    // From here to the write there is no await: a refresh that is under way keeps its journal, and what it brought meanwhile stays.
    const record = memory.record;
    if (record === null || record.secret === null) continue;
    if (record.grant !== before.grant || record.client !== before.client) continue;
    const indexed = record.indexed && { ...record.indexed, kids: said ?? "" };
    const after = { ...record, grant, client, indexed };
    const { kids = "" } = indexEntry(after, record.secret, now());
    if (grant !== before.grant || client !== before.client || kids !== said) await memory.write(after, "keep");
    await memory.publish();
    return kids;
  }
}
