/**
 * The cron trigger on a running server: a secret whose alarm was lost while the server was down renews its token all the same. What a bug
 * would do to the alarm is done to the files of the server while it is down.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { afterEach, expect, test, vi } from "vitest";
import { connect } from "../support/connected-account.ts";
import { eventually } from "../support/eventually.ts";
import { startOpenIdProvider } from "../support/openid-provider.ts";
import { ServerProcess, temporaryFolder } from "../support/server-process.ts";

const HOUR = 60 * 60_000;
/** A secret that is woken has a minute to wake in. */
const WITHIN_75_S = { timeout: 75_000, interval: 100 };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function start(home: string): Promise<ServerProcess> {
  const server = await ServerProcess.start(home);
  cleanUps.push(() => server.stop());
  return server;
}

function change(file: string, work: (db: DatabaseSync) => unknown): void {
  const db = new DatabaseSync(file);
  work(db);
  db.close();
}

function databaseIn(folder: string): string {
  return join(folder, readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)) ?? "");
}

/** Makes the only secret one that was due an hour ago and has no alarm, and that it is time to look at. */
function loseAlarm(home: string): void {
  const state = join(home, ".wrangler", "state", "v3");
  const objects = join(state, "do", "edge-secrets-SecretActor");
  change(join(objects, "metadata.sqlite"), (db) => db.exec("DELETE FROM _cf_ALARM"));
  change(databaseIn(objects), (db) => {
    const { value } = db.prepare("SELECT value FROM _cf_KV WHERE key = 'record'").get() as { value: Uint8Array };
    const record = deserialize(value) as { secret: { refreshAt: number } };
    record.secret.refreshAt = Date.now() - HOUR;
    db.prepare("UPDATE _cf_KV SET value = ? WHERE key = 'record'").run(serialize(record));
  });
  change(databaseIn(join(state, "d1", "miniflare-D1DatabaseObject")), (db) =>
    db.exec("UPDATE secrets SET check_at = 1"),
  );
}

test(
  "a token whose alarm was lost is renewed after the cron trigger, and not before",
  { timeout: 150_000 },
  async () => {
    const folder = temporaryFolder();
    cleanUps.push(folder.remove);
    const provider = await startOpenIdProvider({ accessTokenSeconds: 600 });
    cleanUps.push(() => provider.close());
    const first = await start(folder.path);
    const { clientId, secretPath } = await connect(first, provider);
    await first.stop();
    loseAlarm(folder.path);

    const server = await start(folder.path);
    const shown = await server.call("GET", "/v2/maintenance/overdue");
    expect(shown.body.data.attributes).toMatchObject({ count: 1, unchecked: 0 });
    expect(shown.body.data.attributes.oldest_age_seconds).toBeGreaterThanOrEqual(3600);
    expect(provider.calls(clientId).token_requests).toHaveLength(1);

    const fired = await fetch(`${server.url}/cdn-cgi/local/scheduled`);
    expect([fired.status, await fired.text()]).toEqual([200, "ok"]);
    await eventually(() => expect(server.output).toContain('"what":"overdue"'));
    await vi.waitFor(() => expect(provider.calls(clientId).token_requests).toHaveLength(2), WITHIN_75_S);
    // It has been silent for so long that a connection may be closed at this moment.
    await eventually(async () => {
      const { body } = await server.call("GET", `${secretPath}/token`);
      expect(body).toMatchObject({ version: 2, health: "ok" });
    });
    expect(server.output).toContain('"trigger":"alarm"');
  },
);
