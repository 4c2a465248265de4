/** Wrong credentials are limited, for each address and each key id; and those who are right are not kept out by those who are wrong. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { newWorkspace } from "../support/api.ts";
import { travelTo } from "../support/clock.ts";
import { newKey } from "../support/keys.ts";
import { watchLog } from "../support/log.ts";
import { WatchedWorker } from "../support/watched-worker.ts";

const PERMISSIONS = ["workspaces.auth_secret.get"];
const readPath = (workspace: string) => `/v2/workspaces/${workspace}/secrets/${crypto.randomUUID()}/token`;
const wrong = () => `Bearer esk_${crypto.randomUUID()}_${"A".repeat(43)}`;
/** An address for each test. */
const newAddress = () => `203.0.113.${(addresses += 1)}`;
let addresses = 0;

/** The Worker that lets three wrong credentials pass in a minute. */
const strict = () => new WatchedWorker({ FAILURE_LIMIT: env.THREE });

async function statusOf(worker: WatchedWorker, address: string, authorization: string, path = readPath("w")) {
  return (await worker.send("GET", path, { "cf-connecting-ip": address, authorization })).status;
}

async function floodFrom(worker: WatchedWorker, address: string, authorization = wrong): Promise<number[]> {
  const statuses: number[] = [];
  for (let times = 0; times < 5; times++) statuses.push(await statusOf(worker, address, authorization()));
  return statuses;
}

describe("wrong credentials", () => {
  test("from one address are refused with 429 and Retry-After after some, and not looked up any more (SECURITY 22)", async () => {
    const worker = strict();
    const address = newAddress();
    const log = watchLog();
    const [statuses, asked] = await worker.askedBy(() => floodFrom(worker, address));
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect(asked).toHaveLength(4);
    const headers = { "cf-connecting-ip": address, authorization: wrong() };
    const answer = await worker.send("GET", readPath("w"), headers);
    expect(answer.body.errors).toMatchObject([{ status: "429", code: "rate_limited" }]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(log.filter(({ kind }) => kind === "limited").length).toBeLessThan(3);
    expect(log.filter(({ kind, status }) => kind === "request" && status === 429)).toEqual([]);
    expect(await statusOf(worker, newAddress(), wrong())).toBe(401);
  });

  test("for one key id are refused wherever they come from (SECURITY 22)", async () => {
    const worker = strict();
    const text = wrong();
    const statuses: number[] = [];
    for (let times = 0; times < 4; times++) statuses.push(await statusOf(worker, newAddress(), text));
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  test("from addresses of one IPv6 site count together (SECURITY 22)", async () => {
    const worker = strict();
    const statuses: number[] = [];
    for (const host of ["1", "2", "3:4", "ffff"]) statuses.push(await statusOf(worker, `2001:db8::${host}`, wrong()));
    expect(statuses).toEqual([401, 401, 401, 429]);
    expect(await statusOf(worker, "2001:db8:0:1::1", wrong())).toBe(401);
  });

  test("keep out a right guess too, until ten seconds have passed (SECURITY 22)", async () => {
    const worker = strict();
    const address = newAddress();
    const workspace = newWorkspace();
    const { headers } = await newKey(PERMISSIONS, { level: "workspace", id: workspace });
    const guess = () => statusOf(worker, address, headers.authorization ?? "", readPath(workspace));
    await floodFrom(worker, address);
    expect(await guess()).toBe(429);
    travelTo(Date.now() + 11_000);
    expect(await guess()).toBe(403);
  });

  test("from the same address keep nobody out who was right before, read or write (SECURITY 22)", async () => {
    const worker = strict();
    const address = newAddress();
    const workspace = newWorkspace();
    const { headers } = await newKey(PERMISSIONS, { level: "workspace", id: workspace });
    const all = { ...headers, "cf-connecting-ip": address };
    const path = readPath(workspace);
    expect((await worker.send("GET", path, all)).status).toBe(403);
    expect((await floodFrom(worker, address)).at(-1)).toBe(429);
    expect((await worker.send("GET", path, all)).status).toBe(403);
    expect((await worker.send("POST", path.replace(/token$/, "refresh"), all)).status).toBe(403);
    // What was remembered is over; what was shown is looked up again.
    travelTo(Date.now() + 31_000);
    await floodFrom(worker, address);
    expect((await worker.send("GET", path, all)).status).toBe(403);
  });

  test("shown over and over hold back themselves, and nobody else at that address (SECURITY 22)", async () => {
    const worker = strict();
    const address = newAddress();
    const workspace = newWorkspace();
    const { headers } = await newKey(PERMISSIONS, { level: "workspace", id: workspace });
    const jwt = "Bearer a.b.c";
    const [statuses, asked] = await worker.askedBy(() => floodFrom(worker, address, () => jwt));
    expect(statuses).toEqual([401, 401, 401, 401, 429]);
    expect(asked).toEqual([]);
    expect(await statusOf(worker, address, jwt)).toBe(429);
    expect(await statusOf(worker, address, headers.authorization ?? "", readPath(workspace))).toBe(403);
  });

  test("for the id of somebody else's key do not keep its holder out (SECURITY 22)", async () => {
    const worker = strict();
    const workspace = newWorkspace();
    const { headers } = await newKey(PERMISSIONS, { level: "workspace", id: workspace });
    const right = headers.authorization ?? "";
    const guess = () => right.slice(0, -43) + crypto.randomUUID().replaceAll("-", "").padEnd(43, "A");
    for (let times = 0; times < 5; times++) await statusOf(worker, newAddress(), guess(), readPath(workspace));
    const address = newAddress();
    expect(await statusOf(worker, address, right, readPath(workspace))).toBe(403);
    expect(await statusOf(worker, address, guess(), readPath(workspace))).toBe(429);
    expect(await statusOf(worker, address, guess(), readPath(workspace))).toBe(429);
  });

  test("that are none are not counted", async () => {
    const worker = strict();
    const address = newAddress();
    for (let times = 0; times < 5; times++) expect(await statusOf(worker, address, "")).toBe(401);
    expect(await statusOf(worker, address, wrong())).toBe(401);
  });
});

test("a limiter that fails keeps nobody out, and one that is missing is told of", async () => {
  const broken = { limit: () => Promise.reject(new Error("away")) };
  const limits = { FAILURE_LIMIT: broken, READ_LIMIT: broken, WRITE_LIMIT: broken };
  expect(await floodFrom(new WatchedWorker(limits), newAddress())).toEqual([401, 401, 401, 401, 401]);
  const log = watchLog();
  const missing = new WatchedWorker({ FAILURE_LIMIT: undefined });
  expect(await floodFrom(missing, newAddress())).toEqual([401, 401, 401, 401, 401]);
  expect(log.filter(({ kind }) => kind === "alert")).toEqual([expect.objectContaining({ what: "no_limit" })]);
});
