/** A budget's object behind its door: places, the line, what outlives the process, and what becomes of callers when it fails. */

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { BudgetActor } from "../../src/budget/budget-actor.ts";
import { budgetDoor } from "../../src/budget/stub.ts";
import type { AuthClientId, SecretId } from "../../src/domain/ids.ts";
import {
  type Admission,
  MOST_AT_ONCE,
  type Outcome,
  type Phase,
  type Ticket,
} from "../../src/domain/provider-budget.ts";
import { travelTo } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";

const SECOND = 1000;
const GO = { kind: "go" };
const LONGEST_LINE = 500;

const door = budgetDoor(env);

/** One client at one host, that no other test knows of. */
class Shared {
  readonly client = crypto.randomUUID() as AuthClientId;
  #made = 0;

  get object(): DurableObjectStub {
    return env.BUDGETS.get(env.BUDGETS.idFromName(`provider.example/${this.client}`));
  }

  ticket(): Ticket {
    const number = this.#made++;
    const { client } = this;
    return { id: `t${number}`, secret: `s${number}` as SecretId, client, host: "provider.example", isUrgent: false };
  }

  tickets(count: number): Ticket[] {
    return Array.from({ length: count }, () => this.ticket());
  }

  /** Requests one after the other, each of another secret. */
  async attempts(outcomes: Outcome[]): Promise<void> {
    for (const outcome of outcomes) {
      const ticket = this.ticket();
      await door.enter(ticket);
      await door.leave(ticket, outcome);
    }
  }

  async stored(): Promise<Phase[]> {
    return await runInDurableObject(this.object, async (_, { storage }) => [...(await storage.list<Phase>()).values()]);
  }
}

/** What each of these is told, all at once. */
async function answersTo(tickets: Ticket[]): Promise<string[]> {
  const admissions = await Promise.all(tickets.map((ticket) => door.enter(ticket)));
  return admissions.map(nameOf);
}

function nameOf(admission: Admission): string {
  return admission.kind === "go" ? "go" : admission.because;
}

function alerts() {
  return vi.spyOn(console, "error").mockImplementation(() => undefined);
}

afterEach(() => void vi.restoreAllMocks());

describe("the line", () => {
  test("gives a place that comes free to who came first, and tells the others after five seconds to come again", async () => {
    const shared = new Shared();
    const inside = shared.tickets(MOST_AT_ONCE);
    expect(new Set(await answersTo(inside))).toEqual(new Set(["go"]));

    const startedAt = Date.now();
    const answered: { place: number; admission: Admission; at: number }[] = [];
    const waiting = shared.tickets(20).map(async (ticket, place) => {
      const admission = await door.enter(ticket);
      answered.push({ place, admission, at: Date.now() });
    });
    await Promise.all(inside.slice(0, 3).map((ticket) => door.leave(ticket, "answered")));
    await eventually(() => expect(answered.map(({ place }) => place).toSorted((a, b) => a - b)).toEqual([0, 1, 2]));
    expect(answered.map(({ admission }) => admission)).toEqual([GO, GO, GO]);

    await Promise.all(waiting);
    const told = answered.slice(3);
    expect(told).toHaveLength(17);
    for (const { admission, at } of told) {
      expect(admission).toMatchObject({ kind: "held_back", because: "no_room" });
      expect(at - startedAt).toBeGreaterThanOrEqual(5 * SECOND);
      const until = admission.kind === "held_back" ? admission.until : 0;
      expect(until).toBeGreaterThanOrEqual(startedAt + 6 * SECOND);
      expect(until).toBeLessThan(at + 5 * SECOND);
    }
  });

  test("that is long takes nobody else, who is told at once to come again", async () => {
    const shared = new Shared();
    const inside = shared.tickets(MOST_AT_ONCE);
    await answersTo(inside);
    const told: string[] = [];
    // By its own hand, since a line of requests would be five seconds old on a slow machine before the last of them is here.
    await runInDurableObject(shared.object, (object) => {
      const actor = object as unknown as BudgetActor;
      for (const ticket of shared.tickets(LONGEST_LINE))
        void actor
          .enter(ticket)
          .then(nameOf)
          .then((name) => told.push(name));
    });
    const late = await door.enter(shared.ticket());
    expect(late).toMatchObject({ kind: "held_back", because: "no_room" });
    // Whoever stands in line is told so after five seconds: it is not that late yet.
    expect(told).toEqual([]);
    await Promise.all(inside.slice(0, 5).map((ticket) => door.leave(ticket, "down")));
    await eventually(() => expect(told).toHaveLength(LONGEST_LINE));
    expect(told).not.toContain("no_room");
  });

  test("is told when the breaker opens", async () => {
    const shared = new Shared();
    const inside = shared.tickets(MOST_AT_ONCE);
    await answersTo(inside);
    const waiting = answersTo(shared.tickets(20));
    await Promise.all(inside.slice(0, 5).map((ticket) => door.leave(ticket, "down")));
    const kinds = await waiting;
    // Four of those places were taken before the fifth failure.
    expect([kinds.slice(0, 4), new Set(kinds.slice(5))]).toEqual([Array(4).fill("go"), new Set(["provider_down"])]);
  });
});

describe("the breaker", () => {
  test("is stored when it opens, outlives the object, and leaves nothing when it has closed", async () => {
    const shared = new Shared();
    await shared.attempts(["down", "down", "down", "down", "answered", "down", "down", "down", "down"]);
    expect(await shared.stored()).toEqual([]);
    await shared.attempts(["down"]);
    expect(await shared.stored()).toEqual([{ kind: "open", until: expect.any(Number), pauseMs: 5 * SECOND }]);

    await evictDurableObject(shared.object);
    expect(await door.enter(shared.ticket())).toMatchObject({ kind: "held_back", because: "provider_down" });

    travelTo(Date.now() + 5 * SECOND);
    const probe = shared.ticket();
    expect(await door.enter(probe)).toEqual(GO);
    await evictDurableObject(shared.object);
    expect(await door.enter(shared.ticket())).toMatchObject({ kind: "held_back" });
    await door.leave(probe, "down");
    expect(await shared.stored()).toEqual([{ kind: "open", until: expect.any(Number), pauseMs: 10 * SECOND }]);

    travelTo(Date.now() + 10 * SECOND);
    await shared.attempts(["answered"]);
    expect(await shared.stored()).toEqual([]);
    expect(new Set(await answersTo(shared.tickets(50)))).toEqual(new Set(["go"]));
  });

  test("is written only when it changes, not for those who come and go", async () => {
    const shared = new Shared();
    await shared.attempts(["answered", "down"]);
    const writes = await runInDurableObject(shared.object, (_, { storage }) => {
      const calls = [vi.spyOn(storage.kv, "put").mock.calls, vi.spyOn(storage.kv, "delete").mock.calls];
      return () => calls.flat().length;
    });
    await shared.attempts(["answered", "answered", "down", "down", "down", "down"]);
    expect(writes()).toBe(0);
    await shared.attempts(["down", "down", "down", "down"]);
    expect(writes()).toBe(1);
  });

  test("of one client does not hold back another at the same host", async () => {
    const [down, other] = [new Shared(), new Shared()];
    await down.attempts(["down", "down", "down", "down", "down"]);
    expect((await door.enter(down.ticket())).kind).toBe("held_back");
    expect(await door.enter(other.ticket())).toEqual(GO);
  });
});

describe("a budget that fails", () => {
  test.each([
    ["throws", async () => Promise.reject(new Error("this budget is broken"))],
    ["never answers", () => new Promise<never>(() => {})],
  ])("and %s lets everybody go, within six seconds, with one line in the log for each call", async (_, fails) => {
    const shared = new Shared();
    vi.spyOn(BudgetActor.prototype, "enter").mockImplementation(fails);
    vi.spyOn(BudgetActor.prototype, "leave").mockImplementation(() => fails() as never);
    const logged = alerts();
    const startedAt = performance.now();
    const ticket = shared.ticket();
    expect(await Promise.all([door.enter(ticket), door.leave(ticket, "answered")])).toEqual([GO, undefined]);
    // Its limit of six seconds, and a wide margin; without one nobody would ever go.
    expect(performance.now() - startedAt).toBeLessThan(30 * SECOND);
    expect(logged.mock.calls.map((line) => JSON.parse(String(line[0])))).toEqual(
      Array(2).fill(expect.objectContaining({ kind: "alert", what: "budget_unreachable", secret_id: ticket.secret })),
    );
  });

  test("because it is not there at all lets everybody go", async () => {
    alerts();
    const { BUDGETS: _, ...without } = env;
    expect(await budgetDoor(without as unknown as typeof env).enter(new Shared().ticket())).toEqual(GO);
  });
});
