/**
 * The simulator bites: a fault of the engine, put between it and one of its ports, is found as the promise that it breaks, with the seed
 * that shows it.
 */

import { describe, expect, test } from "vitest";
import type { RecordStorage } from "../../src/secret-actor/record.ts";
import { hearing, loading, saving, isRenewal, unfenced, lookingSeldom, inOneLine, stale } from "./engine-faults.ts";
import type { Mood } from "./faults.ts";
import { WELL } from "./habits.ts";
import type { Habits } from "./provider.ts";
import { report } from "./report.ts";
import { type Breach, type Options, simulate } from "./simulation.ts";
import type { Mutation, Promised } from "./world.ts";

const MINUTE = 60_000;
/** In so many worlds at most a fault has to show. */
const WORLDS = 10;

const DOWN: Habits = { ...WELL, name: "down", flakiness: 2 };
const STRICT: Habits = { ...WELL, name: "strict", rotation: { kind: "rotating", graceMs: 0, again: "same" } };
const ENDING: Habits = { ...WELL, name: "ending", hardEndMs: 180 * MINUTE };
const SLOW: Habits = { ...WELL, name: "slow", takes: [15_000, 30_000] };
const BUSY: Habits = { ...WELL, name: "busy", limit: { perMinute: 0, tells: "seconds" } };

interface Fault {
  fault: string;
  breaks: Promised;
  mutation: Mutation;
  providers?: Habits[];
  /** Where it shows only when something else goes wrong. */
  mood?: Mood;
}

const FAULTS: Fault[] = [
  {
    fault: "adds ten minutes of leeway to an expiry instead of taking them off",
    breaks: "A",
    mutation: hearing((heard) =>
      heard.kind === "granted" && heard.expiresAt !== null
        ? { ...heard, expiresAt: heard.expiresAt + 10 * MINUTE }
        : heard,
    ),
  },
  {
    fault: "looks at the clock only when its alarm rings",
    breaks: "A",
    mutation: lookingSeldom,
    providers: [DOWN],
  },
  {
    fault: "keeps the refresh token that it sent, whatever came back",
    breaks: "B",
    mutation: (ports) => ({
      ...ports,
      sendTokenRequest: async (request, timeoutMs) => {
        const heard = await ports.sendTokenRequest(request, timeoutMs);
        if (heard.kind !== "granted" || request.kind !== "refresh") return heard;
        return { ...heard, grant: { ...heard.grant, refresh_token: request.refreshToken } };
      },
    }),
  },
  {
    fault: "says that a grant is stored, and does not store it",
    breaks: "B",
    mutation: saving((storage, record, alarmAt) =>
      isRenewal(storage.load(), record) ? Promise.resolve() : storage.save(record, alarmAt),
    ),
  },
  {
    fault: "writes an older record over a newer one",
    breaks: "B",
    mutation: saving(async (storage, record, alarmAt) => {
      const before = storage.load();
      await storage.save(record, alarmAt);
      if (before !== null && isRenewal(before, record)) await storage.save(before, undefined);
    }),
  },
  {
    fault: "stores the answer of an older attempt over a newer grant",
    breaks: "B",
    mutation: unfenced,
  },
  {
    fault: "calls every loss the loss of an answer",
    breaks: "B",
    mutation: saving((storage, record, alarmAt) => {
      const { secret } = record;
      if (secret?.trouble?.kind === "needs_reauthorization") {
        record.secret = { ...secret, trouble: { ...secret.trouble, reason: "lost_rotation" } };
      }
      return storage.save(record, alarmAt);
    }),
    providers: [ENDING],
  },
  {
    fault: "forgets its journal with its process",
    breaks: "B",
    mutation: loading((secret) => ({ ...secret, attempt: null })),
    providers: [STRICT],
    mood: "stormy",
  },
  {
    fault: "forgets with its process that an answer was lost",
    breaks: "B",
    mutation: loading((secret) => ({ ...secret, trouble: secret.trouble && { ...secret.trouble, ambiguous: false } })),
    providers: [STRICT],
    mood: "stormy",
  },
  {
    fault: "takes a broken provider's word for the end of a grant",
    breaks: "B",
    mutation: hearing((heard) =>
      heard.kind === "refused" && heard.refusal.class === "ambiguous"
        ? { ...heard, refusal: { ...heard.refusal, class: "reauthorize", reason: "login_required" } }
        : heard,
    ),
    providers: [DOWN],
  },
  {
    fault: "gives callers the token of before with the number of the new one",
    breaks: "B",
    mutation: (ports) => ({ ...ports, cipher: { ...ports.cipher, open: stale(ports) } }),
  },
  {
    fault: "sends each request twice, to be sure",
    breaks: "C",
    mutation: (ports) => ({
      ...ports,
      sendTokenRequest: (request, timeoutMs) =>
        Promise.race([ports.sendTokenRequest(request, timeoutMs), ports.sendTokenRequest(request, timeoutMs)]),
    }),
  },
  {
    fault: "sends without a journal",
    breaks: "C",
    mutation: saving((storage, record, alarmAt) => {
      const secret = record.secret && { ...record.secret, attempt: null };
      return storage.save({ ...record, secret }, alarmAt);
    }),
  },
  {
    fault: "sends a refresh token that was spent",
    breaks: "C",
    mutation: (ports, secret) => ({
      ...ports,
      sendTokenRequest: (request, timeoutMs) => {
        const spent = [...secret.exchanges].findLast(({ isStored }) => isStored)?.refreshToken;
        const sent = request.kind === "refresh" && spent !== undefined ? { ...request, refreshToken: spent } : request;
        return ports.sendTokenRequest(sent, timeoutMs);
      },
    }),
  },
  {
    fault: "sets its alarm ten minutes late",
    breaks: "D",
    mutation: saving((storage, record, alarmAt) =>
      storage.save(record, alarmAt == null ? alarmAt : alarmAt + 10 * MINUTE),
    ),
  },
  {
    fault: "forgets its alarm when it stores",
    breaks: "D",
    mutation: saving((storage, record) => storage.save(record, undefined)),
  },
  {
    fault: "tries again after 300 ms, whatever went wrong",
    breaks: "D",
    mutation: (ports) => {
      const { storage } = ports;
      const save: RecordStorage["save"] = (record, alarmAt) => {
        const isPaused = record.secret?.trouble?.kind === "retrying" && record.secret.attempt === null;
        if (!isPaused || record.secret === null) return storage.save(record, alarmAt);
        const refreshAt = ports.now() + 300;
        record.secret = { ...record.secret, refreshAt };
        return storage.save(record, alarmAt === undefined ? undefined : refreshAt);
      };
      return { ...ports, storage: { ...storage, save } };
    },
    providers: [DOWN],
  },
  {
    fault: "does not hear when a provider says to come later",
    breaks: "D",
    mutation: hearing((heard) =>
      heard.kind === "refused" ? { ...heard, refusal: { ...heard.refusal, retryAfterSeconds: null } } : heard,
    ),
    providers: [BUSY],
  },
  {
    fault: "lets one request at a time leave, of all secrets together",
    breaks: "E",
    mutation: inOneLine(),
    providers: [SLOW, WELL],
  },
  {
    fault: "has one budget for all providers",
    breaks: "E",
    mutation: (ports, _, world) => {
      const oneForAll = <T extends { host: string; client: string }>(ticket: T): T => ({
        ...ticket,
        host: "all",
        client: "all",
      });
      const { budget } = ports;
      world.count("tickets for the one budget");
      return {
        ...ports,
        budget: {
          enter: (ticket) => budget.enter(oneForAll(ticket)),
          leave: (ticket, outcome) => budget.leave(oneForAll(ticket), outcome),
        },
      };
    },
    providers: [DOWN, DOWN, DOWN, WELL],
  },
  {
    fault: "waits for ever",
    breaks: "F",
    mutation: (ports) => ({
      ...ports,
      waitFor: async (promise, timeoutMs) => (await (promise ?? ports.waitFor(null, timeoutMs))) as void,
    }),
    providers: [SLOW],
  },
  {
    fault: "looks something up in D1 for every read",
    breaks: "F",
    mutation: (ports, _, world) => ({
      ...ports,
      cipher: {
        ...ports.cipher,
        open: async (identity, sealed) => {
          await world.agenda.pause(20);
          return await ports.cipher.open(identity, sealed);
        },
      },
    }),
  },
];

describe("an engine that", () => {
  test.each(FAULTS)("$fault breaks $breaks", { timeout: 60_000 }, async ({ breaks, mutation, providers, mood }) => {
    expect(await breachBy({ mutation }, providers, mood)).toMatchObject({ promise: breaks });
  });
});

test("a platform that lets two processes serve one actor breaks C", { timeout: 60_000 }, async () => {
  expect(await breachBy({ isSplit: true })).toMatchObject({ promise: "C" });
});

/** Finds what a fault breaks first, in one of some worlds in which all is well without it, and is found there again. */
async function breachBy(
  fault: Partial<Options>,
  habits: Habits[] = [WELL],
  mood: Mood = "calm",
): Promise<Breach | null> {
  for (let seed = 1; seed <= WORLDS; seed++) {
    const options: Options = { seed, secrets: 8, days: 0.5, mood, habits };
    const unharmed = await simulate(options);
    expect(unharmed.breach === null ? "kept" : report(unharmed).join("\n")).toBe("kept");
    const { breach } = await simulate({ ...options, ...fault });
    if (breach === null) continue;
    expect((await simulate({ ...options, ...fault })).breach).toEqual(breach);
    return breach;
  }
  return null;
}
