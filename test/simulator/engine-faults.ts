/** Faults of an engine, as what stands between it and one of its ports. */

import type { Sealed } from "../../src/crypto/seal.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import type { Secret } from "../../src/domain/secret.ts";
import type { Ports } from "../../src/secret-actor/ports.ts";
import type { ActorRecord, RecordStorage } from "../../src/secret-actor/record.ts";
import type { Mutation, World } from "./world.ts";

/** Changes what is heard. */
export function hearing(change: (heard: Heard) => Heard): Mutation {
  return (ports) => ({
    ...ports,
    sendTokenRequest: async (request, timeoutMs) => change(await ports.sendTokenRequest(request, timeoutMs)),
  });
}

/** Changes a secret when it is loaded. */
export function loading(change: (secret: Secret) => Secret): Mutation {
  return (ports) => {
    const { storage } = ports;
    const load = () => {
      const record = storage.load();
      return record?.secret == null ? record : { ...record, secret: change(record.secret) };
    };
    return { ...ports, storage: { ...storage, load } };
  };
}

/** Changes how a record is stored. */
export function saving(
  save: (storage: RecordStorage, record: ActorRecord, alarmAt: number | null | undefined) => Promise<void>,
): Mutation {
  return (ports) => {
    const { storage } = ports;
    return { ...ports, storage: { ...storage, save: (record, alarmAt) => save(storage, record, alarmAt) } };
  };
}

/** Decides whether a record brings a newer grant. */
export function isRenewal(before: ActorRecord | null, after: ActorRecord): boolean {
  const version = before?.secret?.version ?? 0;
  return version > 0 && (after.secret?.version ?? 0) > version;
}

/** Takes the attempt whose request is in the air for one of any grant that comes meanwhile. */
export function unfenced(ports: Ports): Ports {
  const { storage } = ports;
  let inAir = 0;
  return {
    ...ports,
    sendTokenRequest: async (request, timeoutMs) => {
      if (request.kind !== "refresh") return await ports.sendTokenRequest(request, timeoutMs);
      inAir += 1;
      return await ports.sendTokenRequest(request, timeoutMs).finally(() => (inAir -= 1));
    },
    storage: {
      ...storage,
      save: (record, alarmAt) => {
        const before = storage.load();
        const attempt = before?.secret?.attempt ?? null;
        if (inAir > 0 && attempt !== null && record.secret !== null && isRenewal(before, record)) {
          record.secret = { ...record.secret, attempt };
        }
        return storage.save(record, alarmAt);
      },
    },
  };
}

/** Knows the time at which its process woke, or its alarm was set anew. */
export function lookingSeldom(ports: Ports): Ports {
  let known = ports.now();
  const { storage } = ports;
  const ensureAlarm = async (alarmAt: number) => {
    known = ports.now();
    await storage.ensureAlarm(alarmAt);
  };
  return { ...ports, now: () => known, storage: { ...storage, ensureAlarm } };
}

/** One line for all secrets of a world. */
export function inOneLine(): Mutation {
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
export function stale(ports: Ports): Ports["cipher"]["open"] {
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
