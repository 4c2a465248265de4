/** The ports of an actor in a simulated world. Here alone stands which they are; what lies behind each is in its own file. */

import type { RecordIdentity } from "../../src/crypto/seal.ts";
import { ServiceError } from "../../src/errors.ts";
import type { Ticket } from "../../src/domain/provider-budget.ts";
import type { Ports } from "../../src/secret-actor/ports.ts";
import type { RecordStorage } from "../../src/secret-actor/record.ts";
import { type Appointment, callOff } from "./agenda.ts";
import type { Incarnation } from "./incarnation.ts";
import type { SimulatedSecret } from "./secret.ts";
import { send } from "./transport.ts";
import type { World } from "./world.ts";

/** Puts the ports of one process together. Each asynchronous one is an await point before and after what it does. */
export function portsOf(process: Incarnation, secret: SimulatedSecret, world: World): Ports {
  const now = () => world.agenda.now + secret.clockOffset;
  const through = async <T>(name: string, effect: () => Promise<T>): Promise<T> => {
    if (!process.passes(`before ${name}`)) return await never();
    try {
      return await effect();
    } finally {
      world.touch(secret);
      if (!process.passes(`after ${name}`)) await never();
    }
  };

  const budget = world.budgets.door(world, secret);
  const enter = async (ticket: Ticket) => {
    world.watchers.entering(secret);
    const admission = await budget.enter(ticket);
    if (admission.kind === "held_back") world.watchers.heldBack(secret, admission);
    return admission;
  };

  return {
    storage: storageOf(process, secret, world),
    now,
    random: () => world.random.next(),
    waitFor: (promise, timeoutMs) => through("waitFor", () => waitFor(world, promise, timeoutMs)),
    keepAlive: (promise) => {
      process.kept += 1;
      const end = () => void (process.kept -= 1);
      promise.then(end, end);
    },
    cipher: {
      seal: (identity, value) => through("seal", async () => JSON.stringify([identity.join("/"), value])),
      open: <T>(identity: RecordIdentity, sealed: string) =>
        through("open", async () => open(identity, sealed, isOpenable(secret, world)) as T),
      rewrap: (_, sealed) => through("seal", async () => sealed),
    },
    digest: (text) => {
      secret.plannedAt = world.agenda.now;
      if (process.isAlive) process.pointsLeft = world.crashesAt() ?? process.pointsLeft;
      return through("digest", async () => `digest of ${text}`);
    },
    findAuthClient: (id) => through("findAuthClient", () => world.database.findClient(world, secret, id)),
    sendTokenRequest: (request, timeoutMs) =>
      through("sendTokenRequest", () => send(world, secret, process, { request, timeoutMs, now })),
    revokeTokens: () => through("revokeTokens", async () => ({ outcome: "revoked", reason: null })),
    noteSecretInUse: () => through("noteSecretInUse", async () => undefined),
    budget: {
      enter: (ticket) => through("enter", () => enter(ticket)),
      leave: (ticket, outcome) => through("leave", () => budget.leave(ticket, outcome)),
    },
    putIndexEntry: (_, entry) => through("putIndexEntry", () => world.database.put(world, secret, entry)),
    deleteIndexEntry: () => through("deleteIndexEntry", () => world.database.remove(world, secret)),
    tell: () => through("tell", async () => undefined),
    dropCopies: () => through("dropCopies", async () => undefined),
    log: (line) => {
      if (!process.isAlive) return;
      if (line.kind === "alert") world.count(`alert: ${line.what}`);
      if (line.kind === "refresh" && line.outcome === "superseded") world.count("outcomes that were fenced off");
    },
  };
}

function storageOf(process: Incarnation, secret: SimulatedSecret, world: World): RecordStorage {
  const { host } = secret;
  const passes = (point: string) => process.passes(point);
  return {
    load: () => host.stored,
    save: (record, alarmAt) => {
      const opensJournal = record.secret?.attempt != null && host.stored?.secret?.attempt == null;
      if (opensJournal && process.isAlive && world.strikes("crash in a refresh", secret)) {
        process.pointsLeft = world.random.integer(0, 14);
      }
      if (!passes("before save")) return never();
      if (isWriteRefused(secret, world)) throw new Error("storage is broken");
      host.commit(record, alarmAt);
      return passes("after save") ? Promise.resolve() : never();
    },
    ensureAlarm: async (alarmAt) => {
      if (!passes("before ensureAlarm")) return await never();
      if (isWriteRefused(secret, world)) throw new Error("storage is broken");
      if (host.alarmAt === null) host.setAlarm(alarmAt);
      if (!passes("after ensureAlarm")) await never();
    },
    erase: async () => {
      if (!passes("before erase")) return await never();
      if (isWriteRefused(secret, world)) throw new Error("storage is broken");
      host.erase();
      if (!passes("after erase")) await never();
    },
  };
}

/** What a dead process waits for. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

function isWriteRefused(secret: SimulatedSecret, world: World): boolean {
  const { now } = world.agenda;
  if (world.strikes("writes failing for a while", secret)) {
    secret.writesFailUntil = now + world.random.magnitude(500, 600_000);
  }
  const isRefused = now < secret.writesFailUntil || world.strikes("write failed", secret);
  if (isRefused) {
    secret.disturbedAt = now;
    secret.writeRefusedAt = now;
    secret.note(now, "a write fails");
  }
  return isRefused;
}

function isOpenable(secret: SimulatedSecret, world: World): boolean {
  const { now } = world.agenda;
  if (world.strikes("seal does not open", secret)) secret.sealedUntil = now + world.random.magnitude(1000, 3_600_000);
  if (now >= secret.sealedUntil) return true;
  secret.disturbedAt = now;
  return false;
}

function open(identity: RecordIdentity, sealed: string, isOpenableNow: boolean): unknown {
  const [sealedFor, value] = JSON.parse(sealed) as [string, unknown];
  if (isOpenableNow && sealedFor === identity.join("/")) return value;
  throw new ServiceError("storage_integrity", "Stored credentials cannot be opened now.");
}

async function waitFor(world: World, promise: Promise<unknown> | null, timeoutMs: number): Promise<void> {
  let timer: Appointment | null = null;
  const timeout = new Promise<void>((resolve) => (timer = world.agenda.after(Math.max(0, timeoutMs), resolve)));
  try {
    await Promise.race(promise === null ? [timeout] : [timeout, promise]);
  } finally {
    callOff(timer);
  }
}
