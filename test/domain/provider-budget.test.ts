/** The budget of one client at one token host: who may go, who waits, when the breaker opens and how everybody comes back. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SecretId } from "../../src/domain/ids.ts";
import type { Heard, Reason } from "../../src/domain/oauth2/response.ts";
import {
  admit,
  afterAttempt,
  type Budget,
  CLOSED,
  comeAgain,
  MOST_AT_ONCE,
  newBudget,
  type Outcome,
  outcomeOf,
} from "../../src/domain/provider-budget.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const T0 = Date.parse("2026-01-01T00:00:00Z");
const CENTRE = 0.5;

const fresh = newBudget(CLOSED);
const ticket = (id: string, secret = id) => ({ id, secret: secret as SecretId, isUrgent: false });

/** One request from beginning to end; the verdict that it got. */
function attempt(budget: Budget, secret: string, outcome: Outcome, now: number) {
  const asked = admit(budget, ticket(secret), now, CENTRE);
  const { kind } = asked.verdict;
  const after = kind === "go" ? afterAttempt(asked.budget, ticket(secret), outcome, now) : asked.budget;
  return { kind, budget: after };
}

/** Requests one after the other, all with the same outcome. */
function history(secrets: string[], outcome: Outcome = "down", from = fresh): Budget {
  return secrets.reduce((budget, secret) => attempt(budget, secret, outcome, T0).budget, from);
}

/** A breaker that opened at T0. */
const open = history(["a", "b", "c", "d", "e"]);

describe("admit: the limit", () => {
  const full = Array.from({ length: MOST_AT_ONCE }, (_, index) => index).reduce<Budget>(
    (budget, index) => admit(budget, ticket(`t${index}`), T0, CENTRE).budget,
    fresh,
  );

  test("lets 200 go at once, and the next wait until one comes back (SECURITY 11)", () => {
    expect(MOST_AT_ONCE).toBe(200);
    expect(full.tickets.size).toBe(200);
    expect(admit(full, ticket("next"), T0, CENTRE).verdict).toEqual({ kind: "wait" });
    const roomy = afterAttempt(full, ticket("t7"), "answered", T0);
    expect(admit(roomy, ticket("next"), T0, CENTRE).verdict).toEqual({ kind: "go" });
  });

  test("gives the places of those who died to others after a minute", () => {
    expect(admit(full, ticket("next"), T0 + MINUTE - 1, CENTRE).verdict).toEqual({ kind: "wait" });
    const later = admit(full, ticket("next"), T0 + MINUTE, CENTRE);
    expect([later.verdict, later.budget.tickets.size]).toEqual([{ kind: "go" }, 1]);
  });

  test("makes a probe wait as well", () => {
    const tickets = new Map(Array.from(full.tickets.keys(), (id) => [id, T0 + 2 * MINUTE]));
    const crowded: Budget = { ...newBudget({ kind: "open", until: T0, pauseMs: 5 * SECOND }), tickets };
    expect(admit(crowded, ticket("probe"), T0, CENTRE).verdict).toEqual({ kind: "wait" });
  });

  test.each([
    [0, 1000],
    [0.5, 3000],
    [0.999, 4996],
  ])("comeAgain, at random %f: in %i ms", (random, pause) => {
    const { verdict } = comeAgain(fresh, T0, random);
    expect(verdict).toEqual({ kind: "held_back", until: T0 + pause, because: "no_room" });
  });

  test("comeAgain spreads ten thousand over three minutes, and forgets them when half of the places are free", () => {
    let budget = fresh;
    for (let count = 0; count < 10_000; count++) ({ budget } = comeAgain(budget, T0, 0));
    expect(comeAgain(budget, T0, 0.999).verdict.until).toBeGreaterThan(T0 + 170 * SECOND);
    const crowded = { ...full, outside: budget.outside };
    budget = afterAttempt(crowded, ticket("t0"), "answered", T0);
    expect(comeAgain(budget, T0, 0.999).verdict.until).toBeGreaterThan(T0 + 170 * SECOND);
    for (let count = 1; count < 150; count++) budget = afterAttempt(budget, ticket(`t${count}`), "answered", T0);
    expect(comeAgain(budget, T0, 0.999).verdict.until).toBe(T0 + 4996);
  });
});

describe("the breaker", () => {
  test.each([
    ["four failures", ["a", "b", "c", "d"], "closed"],
    ["five failures of one secret", ["a", "a", "a", "a", "a"], "closed"],
    ["a hundred failures of two secrets", Array.from({ length: 100 }, (_, index) => `s${index % 2}`), "closed"],
    ["five failures of three secrets", ["a", "a", "a", "b", "c"], "open"],
    ["five failures of five secrets", ["a", "b", "c", "d", "e"], "open"],
  ])("%s: %s", (_, secrets, kind) => {
    expect(history(secrets).phase.kind).toBe(kind);
  });

  test("counts failures in a row alone", () => {
    const mended = history(["x"], "answered", history(["a", "b", "c", "d"]));
    expect(history(["a", "b", "c", "d"], "down", mended).phase.kind).toBe("closed");
    expect(history(["a", "b", "c", "d", "e"], "down", mended).phase.kind).toBe("open");
  });

  test("does not count what nobody heard of", () => {
    expect(history(["a", "b", "c", "d", "e", "f"], "unknown")).toEqual(fresh);
  });

  test("holds everybody back for five seconds, then lets one go, and nobody with it (SECURITY 11)", () => {
    expect(attempt(open, "f", "down", T0 + 5 * SECOND - 1).kind).toBe("held_back");
    const probing = admit(open, ticket("f"), T0 + 5 * SECOND, CENTRE);
    expect(probing.verdict.kind).toBe("go");
    const others = ["g", "h", "i"].map((id) => admit(probing.budget, ticket(id), T0 + 6 * SECOND, CENTRE).verdict);
    for (const verdict of others) {
      expect(verdict).toEqual({ kind: "held_back", until: T0 + 7 * SECOND + SECOND / 2, because: "provider_down" });
    }
  });

  test("lets one whose answer was lost moments ago be the probe at once, alone, and does not hold its failure against the others", () => {
    const urgent = (id: string) => ({ ...ticket(id), isUrgent: true });
    const first = admit(open, urgent("u1"), T0 + SECOND, CENTRE);
    expect(first.verdict).toEqual({ kind: "go" });
    const second = admit(first.budget, urgent("u2"), T0 + SECOND, CENTRE);
    expect(second.verdict).toEqual({ kind: "held_back", until: T0 + 2 * SECOND, because: "provider_down" });
    const failed = afterAttempt(second.budget, urgent("u1"), "down", T0 + 2 * SECOND);
    expect(failed.phase).toEqual(open.phase);
    expect(afterAttempt(second.budget, urgent("u1"), "answered", T0 + 2 * SECOND).phase).toEqual({ kind: "closed" });
  });

  test("holds nobody back for longer than its longest pause, should its clock be set back", () => {
    const later: Budget = newBudget({ kind: "open", until: T0 + 10 * MINUTE, pauseMs: 5 * SECOND });
    expect(admit(later, ticket("a"), T0, CENTRE).verdict).toEqual({ kind: "go" });
  });

  test("opens again after each probe that fails, for 5, 10, 20, 40 and then 60 seconds", () => {
    let budget = open;
    let now = T0;
    const pauses = Array.from({ length: 7 }, () => {
      const { phase } = budget;
      const until = phase.kind === "open" ? phase.until : 0;
      const pause = until - now;
      now = until;
      budget = attempt(budget, "probe", "down", now).budget;
      return pause / SECOND;
    });
    expect(pauses).toEqual([5, 10, 20, 40, 60, 60, 60]);
  });

  test("closes when the probe is answered, and lets everybody go", () => {
    const { budget } = attempt(open, "f", "answered", T0 + 5 * SECOND);
    expect(budget).toEqual(fresh);
    expect(attempt(budget, "g", "down", T0 + 5 * SECOND).kind).toBe("go");
  });

  test("closes when anybody is answered, also who was sent before it opened", () => {
    const early = admit(fresh, ticket("early"), T0, CENTRE).budget;
    const opened = history(["a", "b", "c", "d", "e"], "down", early);
    expect(afterAttempt(opened, ticket("early"), "answered", T0 + SECOND).phase.kind).toBe("closed");
  });

  test("learns nothing new from failures that were sent before it opened", () => {
    expect(afterAttempt(open, ticket("early"), "down", T0 + SECOND).phase).toEqual(open.phase);
  });

  test("takes a probe that died for one that failed, at the end of its minute", () => {
    const probing = admit(open, ticket("dies"), T0 + 5 * SECOND, CENTRE).budget;
    const asked = admit(probing, ticket("g"), T0 + 66 * SECOND, 0);
    expect(asked.budget.phase).toEqual({ kind: "open", until: T0 + 75 * SECOND, pauseMs: 10 * SECOND });
    expect(asked.verdict).toMatchObject({ kind: "held_back", until: T0 + 75 * SECOND });
    const late = admit(probing, ticket("g"), T0 + 75 * SECOND, 0);
    expect([late.verdict.kind, late.budget.phase.kind]).toEqual(["go", "probing"]);
  });

  test("gives the turn of a probe that was never sent to the next who asks", () => {
    const { budget } = attempt(open, "f", "unknown", T0 + 5 * SECOND);
    const next = admit(budget, ticket("g"), T0 + 5 * SECOND, CENTRE);
    expect([next.verdict.kind, next.budget.phase.kind]).toEqual(["go", "probing"]);
  });

  test("goes on where it was when a process died, a probe included", () => {
    const probing = admit(open, ticket("probe"), T0 + 5 * SECOND, CENTRE).budget;
    const woken = newBudget(probing.phase);
    expect(attempt(woken, "g", "down", T0 + 6 * SECOND).kind).toBe("held_back");
    expect(afterAttempt(woken, ticket("probe"), "down", T0 + 6 * SECOND).phase).toMatchObject({ pauseMs: 10_000 });
    expect(afterAttempt(woken, ticket("probe"), "answered", T0 + 6 * SECOND).phase.kind).toBe("closed");
  });
});

describe("those who are held back", () => {
  /** The instants that so many are told who come while the breaker is open, in milliseconds after the end of the pause. */
  function told(secrets: number): number[] {
    let budget = open;
    let seed = 1;
    return Array.from({ length: secrets }, (_, index) => {
      seed = (seed * 48_271) % 2_147_483_647;
      const asked = admit(budget, ticket(`s${index}`), T0 + SECOND, seed / 2_147_483_647);
      budget = asked.budget;
      return asked.verdict.kind === "held_back" ? asked.verdict.until - (T0 + 5 * SECOND) : Number.NaN;
    });
  }

  test("are within a second when they are five", () => {
    const pauses = told(5);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...pauses)).toBeLessThan(SECOND);
  });

  test("are spread over three minutes when they are ten thousand, never more than the limit in a second", () => {
    const pauses = told(10_000);
    const bySecond = new Map<number, number>();
    for (const pause of pauses)
      bySecond.set(Math.floor(pause / SECOND), (bySecond.get(Math.floor(pause / SECOND)) ?? 0) + 1);
    expect(Math.max(...pauses)).toBeGreaterThan(170 * SECOND);
    expect(Math.max(...pauses)).toBeLessThan(180 * SECOND);
    expect(bySecond.size).toBe(180);
    expect(Math.max(...[...bySecond].filter(([second]) => second > 5).map(([, count]) => count))).toBeLessThan(200);
  });

  test("are counted from the moment at which it opened for the last time", () => {
    const crowded = Array.from({ length: 500 }).reduce<Budget>(
      (budget) => admit(budget, ticket("x"), T0, CENTRE).budget,
      open,
    );
    expect(crowded.turnedAway).toBe(500);
    expect(attempt(crowded, "probe", "down", T0 + 5 * SECOND).budget.turnedAway).toBe(0);
  });
});

describe("outcomeOf", () => {
  const refused = (reason: Reason): Heard => ({
    kind: "refused",
    refusal: { class: "ambiguous", reason, retryAfterSeconds: null },
  });
  test.each<[Reason, Outcome]>([
    ["provider_unreachable", "down"],
    ["timeout", "down"],
    ["http_500", "down"],
    ["http_503", "down"],
    ["server_error", "down"],
    ["temporarily_unavailable", "down"],
    ["rate_limited", "answered"],
    ["http_408", "answered"],
    ["http_425", "answered"],
    ["invalid_grant", "answered"],
    ["invalid_client", "answered"],
    ["unreadable_answer", "answered"],
    ["response_too_large", "answered"],
    ["address_refused", "answered"],
    ["redirect_refused", "answered"],
  ])("%s: %s", (reason, outcome) => {
    expect(outcomeOf(refused(reason))).toBe(outcome);
  });

  test("a grant is an answer, and what nobody heard says nothing", () => {
    const grant = { access_token: "a", token_type: "Bearer", refresh_token: null, scope: null };
    const granted = { ...grant, undefined_params: {}, subject: null };
    expect(outcomeOf({ kind: "granted", grant: granted, issuedAt: T0, expiresAt: null })).toBe("answered");
    expect(outcomeOf(null)).toBe("unknown");
  });
});

describe("any history of requests", () => {
  const step = fc.record({
    waits: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * SECOND }), fc.integer({ min: 0, max: 2 * MINUTE })),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    secret: fc.integer({ min: 0, max: 6 }),
    /** How many ask; those who get a place end with one of the outcomes, or never. */
    askers: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 250 })),
    ends: fc.array(
      fc.record({
        which: fc.nat({ max: 300 }),
        outcome: fc.constantFrom<Outcome>("down", "down", "down", "answered", "unknown"),
      }),
      { maxLength: 12 },
    ),
  });

  test("keeps the limit, one probe at a time, instants ahead and bounded, and one secret's failures to itself", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.boolean(), (steps, isAlone) => {
        let budget = fresh;
        let now = T0;
        let asked = 0;
        let probe: string | null = null;
        const out = new Map<string, number>();
        for (const { waits, random, secret, askers, ends } of steps) {
          now += waits;
          for (const [id, sentAt] of out) if (sentAt + MINUTE <= now) out.delete(id);
          for (let index = 0; index < askers; index++) {
            const id = `t${asked++}`;
            const before = budget.phase.kind;
            const { budget: after, verdict } = admit(budget, ticket(id), now, random);
            if (verdict.kind === "go") {
              expect(out.size).toBeLessThan(MOST_AT_ONCE);
              if (before !== "closed") {
                expect(probe === null || !out.has(probe), "one probe at a time").toBe(true);
                probe = id;
              }
              out.set(id, now);
            } else if (verdict.kind === "held_back") {
              expect(isAlone, "one secret never opens it").toBe(false);
              expect(verdict.until).toBeGreaterThan(now);
              expect(verdict.until).toBeLessThanOrEqual(now + MINUTE + 3 * MINUTE);
            } else {
              expect(out.size).toBe(MOST_AT_ONCE);
            }
            budget = after;
          }
          for (const { which, outcome } of ends) {
            const id = [...out.keys()][which % Math.max(1, out.size)];
            if (id === undefined) continue;
            budget = afterAttempt(budget, ticket(id, isAlone ? "alone" : `s${secret}`), outcome, now);
            out.delete(id);
            if (outcome === "answered") expect(budget.phase.kind).toBe("closed");
            if (budget.phase.kind === "closed") probe = null;
          }
          expect([...budget.tickets.keys()].filter((id) => !out.has(id))).toEqual([]);
        }

        // The provider is back, and everybody does as told: somebody gets through within the pause, its spread and a probe that died.
        const limit = now + 6 * MINUTE;
        while (budget.phase.kind !== "closed") {
          expect(now).toBeLessThan(limit);
          const last = admit(budget, ticket("last"), now, CENTRE);
          budget =
            last.verdict.kind === "go" ? afterAttempt(last.budget, ticket("last"), "answered", now) : last.budget;
          now = last.verdict.kind === "held_back" ? last.verdict.until : now + SECOND;
        }
        expect(admit(budget, ticket("end"), now + MINUTE, CENTRE).verdict.kind).toBe("go");
      }),
      { numRuns: 100 },
    );
  });
});
