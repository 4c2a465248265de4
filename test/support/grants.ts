/** Looks behind the door: what a secret's object has sealed, as no route would show it. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { parseKeyring } from "../../src/crypto/keyring.ts";
import { open } from "../../src/crypto/seal.ts";
import type { Grant } from "../../src/domain/secret.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, type ConnectedClient, newWorkspace } from "./api.ts";

/** Opens the grant of a secret. */
export async function grantOf(secretPath: string): Promise<Grant> {
  const record = await runInDurableObject(actorOf(secretPath), (_, { storage }) =>
    storage.kv.get<ActorRecord>("record"),
  );
  if (record?.secret == null) throw new Error("There is no secret.");
  const identity = ["workspace", record.workspaceId, "auth-secret", record.id, "grant", record.secret.version];
  return await open<Grant>(parseKeyring(env.ENCRYPTION_KEYS), identity, record.grant ?? "");
}

/** Tokens that the provider issued to somebody else than the secret they will be imported into. */
export async function grantInHand(client: ConnectedClient): Promise<Grant> {
  const path = await client.connect(newWorkspace());
  const grant = await grantOf(path);
  await call("DELETE", path);
  return grant;
}
