/** What the log says of token reads. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { ReadCount } from "../../src/http/read-count.ts";
import { call, newWorkspace } from "../support/api.ts";

type Line = Record<string, unknown>;

let lines: () => Line[];

beforeEach(() => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  lines = () => log.mock.calls.map(([line]) => JSON.parse(String(line)) as Line);
  return () => log.mockRestore();
});

describe("ReadCount", () => {
  test("tells the first read at once, and the others every ten seconds", () => {
    const reads = new ReadCount();
    reads.add("origin", "first", 0);
    reads.add("memory", "second", 1);
    reads.add("memory", "third", 9999);
    expect(lines()).toMatchObject([{ kind: "reads", request_id: "first", memory: 0, edge: 0, origin: 1 }]);
    reads.add("edge", "fourth", 10_000);
    expect(lines()[1]).toMatchObject({ kind: "reads", request_id: "fourth", memory: 2, edge: 1, origin: 0 });
    reads.add("memory", "fifth", 25_000);
    expect(lines()[2]).toMatchObject({ request_id: "fifth", memory: 1, edge: 0, origin: 0 });
  });
});

test("a read that fails has a line of its own", async () => {
  const path = `/v2/workspaces/${newWorkspace()}/secrets/${crypto.randomUUID()}/token`;
  expect((await call("GET", path, undefined, { "x-request-id": "mine" })).status).toBe(404);
  expect(lines()).toContainEqual(
    expect.objectContaining({ kind: "request", request_id: "mine", status: 404, code: "not_found" }),
  );
});
