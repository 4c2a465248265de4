/** The receiving end of the queue: each event once, in order, and nothing missing without a word. */

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { AuditEvent, EventBatch } from "../../src/domain/events.ts";
import type { WorkspaceId } from "../../src/domain/ids.ts";
import { consumeEvents } from "../../src/events/consume.ts";
import { forgetEvents } from "../../src/events/retention.ts";
import { call, newWorkspace } from "../support/api.ts";
import { watchLog } from "../support/log.ts";

const DAY = 86_400_000;
const OLD = 3 * 60_000;

interface Sent {
  body: EventBatch;
  sentAt: number;
}

interface Event {
  id: string;
  attributes: { event: string; version: number | null };
}

/** What the queue hears of each message. */
type Verdict = "taken" | "again";

/** Delivers as the platform does. */
async function deliver(sent: Sent[], settings: object = {}): Promise<Verdict[]> {
  const verdicts: Verdict[] = sent.map(() => "taken");
  const messages = sent.map(({ body, sentAt }, index) => ({
    ...{ id: String(index), timestamp: new Date(sentAt), body, attempts: 1, ack: () => undefined },
    retry: () => void (verdicts[index] = "again"),
  }));
  const retryAll = () => void verdicts.fill("again");
  const batch = { queue: "q", messages, retryAll, ackAll: () => undefined } as unknown as MessageBatch;
  await consumeEvents(batch, { ...env, ...settings });
  return verdicts;
}

let workspace: string;
let source: string;
beforeEach(() => {
  workspace = newWorkspace();
  source = crypto.randomUUID();
});

/** The events of the secret from one number to another, as its actor tells them. */
function told(from: number, to: number, sentAt = Date.now()): Sent {
  const events = Array.from({ length: to - from + 1 }, (_, index): AuditEvent => ({
    ...{ sequence: from + index, event: "secret.refreshed", at: Date.now(), actor: "alarm", outcome: "ok" },
    ...{ reason: null, trigger: "alarm", durationMs: 5, version: from + index, requestId: "r" },
    subject: { type: "auth-secret", id: source },
    place: { level: "workspace", id: workspace as WorkspaceId },
    seen: null,
  }));
  return { body: { source, since: null, events }, sentAt };
}

async function versions(query = ""): Promise<(number | string)[]> {
  const { body } = await call("GET", `/v2/workspaces/${workspace}/events${query}`);
  return (body.data as Event[])
    .filter(({ id }) => id.startsWith(source))
    .map(({ attributes }) => attributes.version ?? attributes.event);
}

describe("what the queue delivers", () => {
  test("is shown with who, what, which version, which request and what came of it (SECURITY 25)", async () => {
    await deliver([told(1, 1)]);
    const { body } = await call("GET", `/v2/workspaces/${workspace}/events`);
    expect(body.data).toEqual([
      {
        type: "event",
        id: `${source}.1`,
        attributes: {
          ...{ event: "secret.refreshed", at: expect.any(String), actor: "alarm", outcome: "ok", reason: null },
          ...{ trigger: "alarm", duration_ms: 5, version: 1, request_id: "r" },
        },
        relationships: { subject: { data: { type: "auth-secret", id: source } } },
      },
    ]);
  });

  test("twice is kept once", async () => {
    await deliver([told(1, 3), told(1, 3)]);
    await deliver([told(2, 5)]);
    expect(await versions()).toEqual([1, 2, 3, 4, 5]);
  });

  test("in the wrong order is kept in the right one", async () => {
    expect(await deliver([told(4, 5), told(3, 3)])).toEqual(["again", "again"]);
    expect(await deliver([told(1, 2)])).toEqual(["taken"]);
    expect(await deliver([told(4, 5), told(3, 3)])).toEqual(["taken", "taken"]);
    expect(await versions()).toEqual([1, 2, 3, 4, 5]);
  });

  test("with a batch missing says so in the trail and in the log, and takes it when it comes (SECURITY 25)", async () => {
    const lines = watchLog();
    await deliver([told(1, 2)]);
    await deliver([told(5, 6, Date.now() - OLD)]);
    expect(await versions()).toEqual([1, 2, "events.lost", 5, 6]);
    expect(lines.filter(({ what }) => what === "events_lost")).toMatchObject([{ internal: `${source}: from 3 to 4` }]);
    await deliver([told(3, 4)]);
    expect(await versions()).toEqual([1, 2, "events.lost", 5, 6, 3, 4]);
  });

  test("while D1 is away comes again, all of it", async () => {
    const lines = watchLog();
    const DB = { prepare: () => ({ bind: () => ({ all: () => Promise.reject(new Error("D1 is down")) }) }) };
    expect(await deliver([told(1, 2), told(3, 3)], { DB })).toEqual(["again", "again"]);
    expect(lines).toMatchObject([{ kind: "alert", what: "events_not_stored" }]);
    await deliver([told(1, 2), told(3, 3)]);
    expect(await versions()).toEqual([1, 2, 3]);
  });

  test("fifty full batches at once are kept whole", async () => {
    const batches = Array.from({ length: 50 }, (_, index) => told(index * 100 + 1, index * 100 + 100));
    await deliver(batches.toReversed());
    const row = await env.DB.prepare(
      "SELECT count(*) AS rows, min(version) AS first, max(version) AS last FROM events WHERE source = ?",
    )
      .bind(source)
      .first();
    expect(row).toEqual({ rows: 5000, first: 1, last: 5000 });
  });
});

describe("reading on", () => {
  test("goes page by page to the end, and from there to what comes later, also what is late", async () => {
    const read = async (query: string) => {
      const { body } = await call("GET", `/v2/workspaces/${workspace}/events?limit=3${query}`);
      const shown = body.data.map(({ attributes }: { attributes: { version: number | null } }) => attributes.version);
      return { shown, next: body.links.next, after: `&after=${body.meta.cursor}` };
    };
    await deliver([told(1, 5)]);
    const first = await read("");
    expect(first.shown).toEqual([1, 2, 3]);
    expect(first.next).toBe(`/v2/workspaces/${workspace}/events?limit=3${first.after}`);
    const second = await read(first.after);
    expect([second.shown, second.next]).toEqual([[4, 5], null]);
    await deliver([told(8, 8, Date.now() - OLD)]);
    await deliver([told(6, 7)]);
    const third = await read(second.after);
    expect(third.shown).toEqual([null, 8, 6]);
    const fourth = await read(third.after);
    expect(fourth.shown).toEqual([7]);
    const fifth = await read(fourth.after);
    expect(fifth).toEqual({ shown: [], next: null, after: fourth.after });
  });

  test("is limited to a type, or to one thing", async () => {
    await deliver([told(1, 2)]);
    expect(await versions("?filter[type]=secret.changed")).toEqual([]);
    expect(await versions("?filter[type]=secret.refreshed")).toEqual([1, 2]);
    expect(await versions(`?filter[subject]=${source}`)).toEqual([1, 2]);
    expect(await versions("?filter[subject]=another")).toEqual([]);
  });

  test.each(["?after=-1", "?after=NO", "?limit=0", "?limit=101", "?filter[type]=nothing", "?filter[actor]=root"])(
    "is refused with %s",
    async (query) => {
      expect((await call("GET", `/v2/workspaces/${workspace}/events${query}`)).status).toBe(400);
    },
  );

  test("shows nothing that happened in another workspace", async () => {
    await deliver([told(1, 2)]);
    const { body } = await call("GET", `/v2/workspaces/${newWorkspace()}/events`);
    const shown = body.data.map(({ attributes }: { attributes: { event: string } }) => attributes.event);
    expect(shown.filter((event: string) => event !== "events.lost")).toEqual([]);
  });
});

describe("what is old", () => {
  test("goes after AUDIT_DAYS and not before, and cursors go on after it (SECURITY 25)", async () => {
    await deliver([told(1, 3)]);
    const { meta } = (await call("GET", `/v2/workspaces/${workspace}/events`)).body;
    await forgetEvents({ ...env, AUDIT_DAYS: "2" }, Date.now() + 2 * DAY - 60_000);
    expect(await versions()).toEqual([1, 2, 3]);
    await forgetEvents({ ...env, AUDIT_DAYS: "2" }, Date.now() + 2 * DAY + 60_000);
    expect(await versions()).toEqual([]);
    await deliver([told(1, 4)]);
    const { body } = await call("GET", `/v2/workspaces/${workspace}/events?after=${meta.cursor}`);
    expect(body.data).toHaveLength(4);
  });

  test("goes earlier where there is more than there is room for, the oldest first, and the log says so", async () => {
    const lines = watchLog();
    await deliver([told(1, 5)]);
    await forgetEvents(env, Date.now(), 2);
    expect(await versions()).toEqual([4, 5]);
    expect(lines.map(({ what }) => what)).toContain("events_forgotten_early");
  });

  test("leaves no source behind that was silent for as long", async () => {
    await deliver([told(1, 1)]);
    const sources = async () =>
      await env.DB.prepare("SELECT count(*) AS sources FROM event_sources WHERE source = ?")
        .bind(source)
        .first("sources");
    const midnight = Math.ceil((Date.now() + 90 * DAY) / DAY) * DAY;
    await forgetEvents(env, midnight - 60_000);
    expect(await sources()).toBe(1);
    await forgetEvents(env, midnight + DAY);
    expect(await sources()).toBe(0);
  });

  test.each(["0", "3651", "soon"])("is kept for no AUDIT_DAYS=%s", async (AUDIT_DAYS) => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(await deliver([told(1, 1)], { AUDIT_DAYS })).toEqual(["again"]);
  });
});

// The last, since each workspace sees it from then on.
describe("what a source that tells of many lost", () => {
  test("is shown to each workspace (SECURITY 25)", async () => {
    const sent = told(3, 3, Date.now() - OLD);
    const events = sent.body.events.map((event) => ({ ...event, subject: { type: "auth-secret" as const, id: "s" } }));
    await deliver([{ ...sent, body: { ...sent.body, events } }]);
    const { body } = await call("GET", `/v2/workspaces/${newWorkspace()}/events?filter[type]=events.lost`);
    const subjects = body.data.map(
      ({ relationships }: { relationships: { subject: object } }) => relationships.subject,
    );
    expect(subjects).toContainEqual({ data: { type: "events", id: `${source}.1-2` } });
  });
});
