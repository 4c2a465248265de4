/**
 * The simulator bites: a fault of the engine, put between it and one of its ports, is found as the promise that it breaks, with the seed
 * that shows it.
 */

import { describe, expect, test } from "vitest";
import type { Sealed } from "../../src/crypto/seal.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import type { Ports } from "../../src/secret-actor/ports.ts";
import type { ActorRecord, RecordStorage } from "../../src/secret-actor/record.ts";
import type { Habits } from "./provider.ts";
import { report } from "./report.ts";
import { type Breach, type Options, simulate } from "./simulation.ts";
import type { Mutation, Promised, World } from "./world.ts";

const MINUTE = 60_000;
/** In so many worlds at most a fault has to show. */
const WORLDS = 10;

const WELL: Habits = {
  name: "well",
  rotation: { kind: "rotating", graceMs: 30_000, again: "same" },
  lifetime: 1800,
  states: "number",
  takes: [40, 900],
  flakiness: 0,
  hastiness: 0,
  hardEndMs: Number.POSITIVE_INFINITY,
  tellsEnd: false,
  idleMs: Number.POSITIVE_INFINITY,
  keepaliveSeconds: null,
  lastSeconds: null,
  limit: null,
};
const DOWN: Habits = { ...WELL, name: "down", flakiness: 2 };
const SLOW: Habits = { ...WELL, name: "slow", takes: [15_000, 30_000] };
const BUSY: Habits = { ...WELL, name: "busy", limit: { perMinute: 0, tells: "seconds" } };

interface Fault {
  fault: string;
  breaks: Promised;
  mutation: Mutation;
  providers?: Habits[];
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
  test.each(FAULTS)("$fault breaks $breaks", { timeout: 60_000 }, async ({ breaks, mutation, providers }) => {
    expect(await breachBy({ mutation }, providers)).toMatchObject({ promise: breaks });
  });
});

test("a platform that lets two processes serve one actor breaks C", { timeout: 60_000 }, async () => {
  expect(await breachBy({ isSplit: true })).toMatchObject({ promise: "C" });
});

/** Finds what a fault breaks first, in one of some worlds in which all is well without it, and is found there again. */
async function breachBy(fault: Partial<Options>, habits: Habits[] = [WELL]): Promise<Breach | null> {
  for (let seed = 1; seed <= WORLDS; seed++) {
    const options: Options = { seed, secrets: 8, days: 0.5, mood: "calm", habits };
    const unharmed = await simulate(options);
    expect(unharmed.breach === null ? "kept" : report(unharmed).join("\n")).toBe("kept");
    const { breach } = await simulate({ ...options, ...fault });
    if (breach === null) continue;
    expect((await simulate({ ...options, ...fault })).breach).toEqual(breach);
    return breach;
  }
  return null;
}

function hearing(change: (heard: Heard) => Heard): Mutation {
  return (ports) => ({
    ...ports,
    sendTokenRequest: async (request, timeoutMs) => change(await ports.sendTokenRequest(request, timeoutMs)),
  });
}

function saving(
  save: (storage: RecordStorage, record: ActorRecord, alarmAt: number | null | undefined) => Promise<void>,
): Mutation {
  return (ports) => {
    const { storage } = ports;
    return { ...ports, storage: { ...storage, save: (record, alarmAt) => save(storage, record, alarmAt) } };
  };
}

function isRenewal(before: ActorRecord | null, after: ActorRecord): boolean {
  const version = before?.secret?.version ?? 0;
  return version > 0 && (after.secret?.version ?? 0) > version;
}

/** Knows the time at which its process woke, or its alarm was set anew. */
function lookingSeldom(ports: Ports): Ports {
  let known = ports.now();
  const { storage } = ports;
  const ensureAlarm = async (alarmAt: number) => {
    known = ports.now();
    await storage.ensureAlarm(alarmAt);
  };
  return { ...ports, now: () => known, storage: { ...storage, ensureAlarm } };
}

/** One line for all secrets of a world. */
function inOneLine(): Mutation {
  const lines = new WeakMap<World, Promise<unknown>>();
  return (ports, _, world) => ({
    ...ports,
    sendTokenRequest: (request, timeoutMs) => {
      const before = lines.get(world) ?? Promise.resolve();
      const turn = before.then(() => ports.sendTokenRequest(request, timeoutMs));
      lines.set(
        world,
        turn.catch(() => undefined),
      );
      return turn;
    },
  });
}

/** Opens what was sealed a version before. */
function stale(ports: Ports): Ports["cipher"]["open"] {
  const opened = new Map<string, Sealed>();
  return async (identity, sealed) => {
    const isGrant = identity.includes("grant");
    const name = identity.slice(0, -1).join("/");
    const before = opened.get(name);
    if (isGrant) opened.set(name, sealed);
    if (!isGrant || before === undefined) return await ports.cipher.open(identity, sealed);
    return await ports.cipher.open([...identity.slice(0, -1), Number(identity.at(-1)) - 1], before);
  };
}
