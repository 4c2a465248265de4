/** What the platform counts of a renewal, a look of the sweep and a new secret: as many as scripts/capacity/counts.ts says, on which docs/CAPACITY.md rests. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { CREATION, LOOK, RENEWAL } from "../../scripts/capacity/counts.ts";
import { sampleRecord } from "../../scripts/capacity/sample.ts";
import type { AuthClientId } from "../../src/domain/ids.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";
import { findAuthClient } from "../../src/store/auth-clients.ts";
import { findCandidates, settleCandidates } from "../../src/store/overdue.ts";
import { putIndexEntry } from "../../src/store/secrets.ts";
import { makeClient } from "../support/estate.ts";
import { newKeeper, settle, T0 } from "../support/fake-ports.ts";
import { emptyIndex, insertOrphans } from "../support/overdue.ts";

const MINUTE = 60_000;
const PAGE = 50;

/** D1, with what it counts. */
class MeteredD1 {
  queries = 0;
  rowsRead = 0;
  rowsWritten = 0;

  readonly db = {
    prepare: (sql: string) => this.#metered(env.DB.prepare(sql)),
    batch: async (statements: { inner: D1PreparedStatement }[]) => {
      const results = await env.DB.batch(statements.map(({ inner }) => inner));
      this.#count(...results);
      return results;
    },
  } as unknown as D1Database;

  #metered(inner: D1PreparedStatement): object {
    const run = async () => {
      const result = await inner.run<object>();
      this.#count(result);
      return result;
    };
    return {
      inner,
      bind: (...values: unknown[]) => this.#metered(inner.bind(...values)),
      run,
      all: run,
      first: async () => (await run()).results[0] ?? null,
    };
  }

  /** A batch is one query. */
  #count(...results: D1Result[]): void {
    this.queries += 1;
    for (const { meta } of results) {
      this.rowsRead += meta.rows_read;
      this.rowsWritten += meta.rows_written;
    }
  }
}

beforeEach(emptyIndex);

test("a renewal by the alarm uses as much as is counted", async () => {
  const { world, keeper } = await newKeeper();
  let lookUps = 0;
  world.client = async () => {
    lookUps += 1;
    return world.sealedClient;
  };
  world.time = T0 + 59 * MINUTE;
  [world.rowsWritten, world.indexWrites, world.lines.length] = [0, 0, 0];
  await keeper.alarm("r");
  await settle();

  // The alarm itself, and the budget, which is asked and told.
  const requests = 1 + world.asked + world.told.length;
  expect([world.rowsWritten, requests]).toEqual([RENEWAL.objectRowsWritten, RENEWAL.objectRequests]);
  expect(lookUps + world.indexWrites).toBe(RENEWAL.d1Queries);
  expect(requests + world.lines.length).toBe(RENEWAL.logEvents);
});

test("a renewal's look-up reads as many rows as are counted", async () => {
  const client = (await makeClient("oauth2", [])) as AuthClientId;
  const d1 = new MeteredD1();
  expect(await findAuthClient(d1.db, client)).not.toBeNull();
  expect([d1.queries, d1.rowsRead]).toEqual([RENEWAL.d1Queries, RENEWAL.d1RowsRead]);
});

test("a sweep's look at fifty secrets uses as much in D1 as is counted", async () => {
  await insertOrphans(PAGE, T0, T0);
  const d1 = new MeteredD1();
  const found = await findCandidates(d1.db, T0, PAGE);
  const moved = found.map((candidate) => ({ ...candidate, next: T0 + MINUTE }));
  await settleCandidates(d1.db, moved, []);
  const each = [d1.queries, d1.rowsRead, d1.rowsWritten].map((used) => used / PAGE);
  expect([found.length, ...each]).toEqual([PAGE, LOOK.d1Queries, LOOK.d1RowsRead, LOOK.d1RowsWritten]);
});

test("a new secret writes as many rows as are counted, in its actor and in D1", async () => {
  const { world } = await newKeeper();
  expect(world.rowsWritten).toBe(CREATION.objectRowsWritten);
  const { secret } = world.stored ?? {};
  if (secret == null) throw new Error("nothing was stored");

  const authClientId = (await makeClient("oauth2", [])) as AuthClientId;
  const d1 = new MeteredD1();
  await putIndexEntry(d1.db, { ...secret, authClientId }, { name: "x", state: "ready", checkAt: T0 }, null);
  expect(d1.rowsWritten).toBe(CREATION.d1RowsWritten);
});

test("the record that is measured takes as much in a real object's database as in the one that the script makes", async () => {
  const record = await sampleRecord();
  const object = env.SECRETS.get(env.SECRETS.idFromName("measured"));
  const size = await runInDurableObject(object, async (_, { storage }) => {
    storage.kv.put("record", record);
    await storage.setAlarm(T0 + 1e12);
    return storage.sql.databaseSize;
  });
  // test/capacity.test.ts holds the script to the same.
  expect(size).toBe(28_672);
});

test("the record that is measured has the members of a real one", async () => {
  const record: ActorRecord = await sampleRecord();
  const { world } = await newKeeper();
  const members = (of: ActorRecord | null) => [of ?? {}, of?.secret ?? {}].map((each) => Object.keys(each).toSorted());
  expect(members(record)).toEqual(members(world.stored));
});
