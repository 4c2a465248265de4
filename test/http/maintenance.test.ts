/** `GET /v2/maintenance/overdue`: counts what is overdue, not what is merely due to be looked at, and asks no more than it may. */

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { travelTo } from "../support/clock.ts";
import {
  checkAtOf,
  emptyIndex,
  insertOrphans,
  loseAlarm,
  makeSecrets,
  overdue,
  watchInspections,
} from "../support/overdue.ts";

const MINUTE = 60_000;

beforeEach(emptyIndex);
afterEach(() => void vi.restoreAllMocks());

test("counts those that are overdue among those that it is time to look at, and shows the oldest", async () => {
  const startedAt = Date.now();
  const first = await makeSecrets(2);
  travelTo(startedAt + 10 * MINUTE);
  const second = await makeSecrets(3);
  travelTo(startedAt + 30 * MINUTE);
  // As after six hours: nothing of them is due.
  await makeSecrets(4);
  await env.DB.exec("UPDATE secrets SET check_at = 1 WHERE check_at > (SELECT min(check_at) FROM secrets) + 1200000");
  await Promise.all([...first, ...second].map(loseAlarm));

  const dueAt = Math.min(...(await Promise.all(first.map(checkAtOf))).map(Number)) - 2 * MINUTE;
  const oldest_due_at = new Date(dueAt).toISOString().replace(/\.\d+/, "");
  travelTo(dueAt + 5 * MINUTE);
  const two = await overdue();
  expect(two).toEqual({ count: 2, oldest_due_at, oldest_age_seconds: expect.any(Number), unchecked: 0 });
  expect([two.oldest_age_seconds >= 300, two.oldest_age_seconds < 330]).toEqual([true, true]);
  travelTo(dueAt + 15 * MINUTE);
  const asked = watchInspections();
  expect(await overdue()).toMatchObject({ count: 5, oldest_due_at, unchecked: 0 });
  expect(asked).toHaveLength(9);
});

test("asks 500 actors at most, and says how many are left", async () => {
  await insertOrphans(510, 1, 1);
  const asked = watchInspections();
  expect(await overdue()).toEqual({ count: 0, oldest_due_at: null, oldest_age_seconds: null, unchecked: 10 });
  expect(asked).toHaveLength(500);
});
