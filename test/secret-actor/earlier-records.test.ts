/** Records that earlier versions of this service wrote: they load, and are renewed as before. */

import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { actorOf, call, ConnectedClient, newWorkspace } from "../support/api.ts";

/** Puts an actor's record back to what the version before this one would have written. */
async function age(path: string, hasRefreshToken: boolean): Promise<void> {
  await runInDurableObject(actorOf(path), (_, { storage }) => {
    const record = storage.kv.get<ActorRecord>("record");
    if (record?.secret == null || record.client === null) throw new Error("There is no secret.");
    const { renewedWith: _1, scopes: _2, ...secret } = record.secret;
    const { provider: _3, issuer: _4, grantType: _5, sealedMetadata: _6, secretInUse: _7, ...client } = record.client;
    const { trail: _8, ...earlier } = record;
    storage.kv.put("record", { ...earlier, client, secret: { ...secret, hasRefreshToken } });
  });
  await abortAllDurableObjects();
}

test.each([true, false])("a secret of which the record says hasRefreshToken: %s", async (hasRefreshToken) => {
  const client = await ConnectedClient.create();
  const path = await client.connect(newWorkspace(), hasRefreshToken ? {} : { scopes: ["openid"] });
  await age(path, hasRefreshToken);
  const { attributes } = (await call("GET", path)).body.data;
  expect(attributes).toMatchObject({ state: "ready", version: 1 });
  const renewed = await call("POST", `${path}/refresh`);
  expect([renewed.status, renewed.body.data?.attributes.version]).toEqual(
    hasRefreshToken ? [200, 2] : [409, undefined],
  );
  const { body } = await call("GET", `${path}/history`);
  expect(body.data.map((each: { attributes: { event: string } }) => each.attributes.event)).toEqual(
    hasRefreshToken ? ["secret.refreshed"] : [],
  );
  await runInDurableObject(actorOf(path), (_, { storage }) => {
    const { secret } = storage.kv.get<ActorRecord>("record") ?? {};
    if (hasRefreshToken) expect(secret).toMatchObject({ renewedWith: "refresh_token", version: 2 });
    else expect(secret?.version).toBe(1);
  });
});
