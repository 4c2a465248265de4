/** What each principal may ask for in a while: reads, which cost no call while they are within, and writes. */

import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { READS_TOLD_AS_ONE } from "../../src/http/allowances.ts";
import { call, newWorkspace, ORIGIN } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { newKey } from "../support/keys.ts";
import { WatchedWorker } from "../support/watched-worker.ts";

const PERMISSIONS = [
  "workspaces.auth_secret.get",
  "workspaces.auth_secret.get_credentials",
  "workspaces.auth_secret.refresh",
];

async function newCaller() {
  const workspace = newWorkspace();
  const { headers, id } = await newKey(PERMISSIONS, { level: "workspace", id: workspace });
  return { headers, id, workspace, path: `/v2/workspaces/${workspace}/secrets/${crypto.randomUUID()}` };
}

/** Sends so many reads at once, and gives their statuses. */
async function readAtOnce(worker: WatchedWorker, times: number, path: string, headers: Record<string, string>) {
  const answers = await Promise.all(Array.from({ length: times }, () => worker.send("GET", path, headers)));
  return new Set(answers.map(({ status }) => status));
}

test("reads ask the platform once for a hundred, and are refused when it has had enough (SECURITY 22)", async () => {
  const { headers, id, workspace, path } = await newCaller();
  const limit = vi.fn<RateLimit["limit"]>((what) => env.THREE.limit(what));
  const worker = new WatchedWorker({ READ_LIMIT: { limit } });
  expect(await readAtOnce(worker, READS_TOLD_AS_ONE - 1, `${path}/token`, headers)).toEqual(new Set([404]));
  expect(limit).not.toHaveBeenCalled();
  expect(await readAtOnce(worker, 3 * READS_TOLD_AS_ONE + 1, path, headers)).toContain(404);
  expect(limit.mock.calls).toEqual(Array.from({ length: 4 }, () => [{ key: `key:${id}` }]));
  const answer = await worker.send("GET", `${path}/token`, headers);
  expect([answer.status, answer.body.errors[0].code, answer.headers.get("retry-after")]).toEqual([
    429,
    "rate_limited",
    "10",
  ]);
  expect((await worker.send("GET", path, headers)).status).toBe(429);
  // A write is counted elsewhere, and so is somebody else.
  expect((await worker.send("POST", `${path}/refresh`, headers)).status).toBe(404);
  expect((await worker.send("GET", `${path}/token`)).status).toBe(404);
  await eventually(async () => {
    const { body } = await call("GET", `/v2/workspaces/${workspace}/events?limit=100`);
    const told = body.data.filter((each: { attributes: object }) => JSON.stringify(each).includes("rate_limited"));
    expect(told).toHaveLength(1);
  });
  travelTo(Date.now() + 11_000);
  expect((await worker.send("GET", `${path}/token`, headers)).status).toBe(404);
});

test("writes are counted one by one, and the one that is too many does nothing (SECURITY 22)", async () => {
  const { headers, path } = await newCaller();
  const worker = new WatchedWorker({ WRITE_LIMIT: env.THREE });
  const refresh = async () => (await worker.send("POST", `${path}/refresh`, headers)).status;
  expect([await refresh(), await refresh(), await refresh()]).toEqual([404, 404, 404]);
  const [status, asked] = await worker.askedBy(refresh);
  expect(status).toBe(429);
  expect(asked.filter((each) => each.includes("secret"))).toEqual([]);
  expect((await worker.send("GET", path, headers)).status).toBe(404);
});

test("the sign-in of the console says in words that there were too many (SECURITY 22)", async () => {
  const { default: worker } = await import("../../src/worker.ts");
  const { createExecutionContext } = await import("cloudflare:test");
  const limited = { ...env, FAILURE_LIMIT: env.THREE };
  let tries = 0;
  const signIn = async () => {
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      origin: ORIGIN,
      "cf-connecting-ip": "198.51.100.7",
    };
    const request = new Request(`${ORIGIN}/console/sign-in`, { method: "POST", headers, body: `key=wrong-${tries++}` });
    return await worker.fetch(request, limited, createExecutionContext());
  };
  for (let times = 0; times < 3; times++) expect((await signIn()).status).toBe(401);
  const answer = await signIn();
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "10"]);
  expect(await answer.text()).toContain("Too many attempts with wrong credentials.");
});
