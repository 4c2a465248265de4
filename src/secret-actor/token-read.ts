/**
 * A token read, once it is known that the caller may: memory, else the data centre's copy, else one question to the actor. Those of one
 * isolate who ask at the same time share it.
 */

import type { Env } from "../bindings.ts";
import { type SecretView, type Token, tokenOf } from "../domain/secret.ts";
import { secretStub } from "./stub.ts";
import {
  dropOthers,
  findAtEdge,
  findInMemory,
  keepCopy,
  type LookUp,
  type SecretPath,
  watchChanges,
} from "./token-cache.ts";

export interface TokenAsk extends SecretPath {
  requestId: string;
  minTtlSeconds: number;
  /** Whether only the actor's own answer will do. */
  skipsCopies: boolean;
  /** Lets work go on although its caller went away. */
  keepAlive: (work: Promise<unknown>) => void;
}

/** A token, and where it was found. */
export interface Found {
  token: Token;
  from: "memory" | "edge" | "origin";
}

interface Flight extends LookUp {
  answer: Promise<Found>;
}

/** A reader waits 12 seconds at most for the actor. */
const JOINED_PATIENCE_MS = 15_000;

/** The look-ups of this isolate that may be joined, by secret and `minTtlSeconds`. */
const flights = new Map<string, Flight>();

/**
 * Reads a token that is valid, renewed first where it has less than `minTtlSeconds` left.
 * @throws {ServiceError} `not_found`, `reauthorization_required`, `client_misconfigured`, `provider_unreachable`, `storage_integrity`
 */
export async function readToken(env: Env, asked: TokenAsk): Promise<Found> {
  if (asked.skipsCopies) {
    const token = tokenOf(await askActor(env, asked));
    asked.keepAlive(dropOthers(env, asked, token));
    return { token, from: "origin" };
  }
  const token = findInMemory(asked, asked.minTtlSeconds, Date.now());
  if (token !== null) return { token, from: "memory" };

  const name = `${asked.workspace}/${asked.id}?${asked.minTtlSeconds}`;
  for (let lost: Flight | null = null; ;) {
    const underWay = flights.get(name);
    if (underWay === undefined || underWay.isOutdated || underWay === lost) return await takeOff(env, asked, name);
    const found = await joined(underWay);
    if (found !== null) return found;
    lost = underWay;
  }
}

/** Looks the token up, so that others may join. */

function takeOff(env: Env, asked: TokenAsk, name: string): Promise<Found> {
  const lookUp: LookUp = { isOutdated: false };
  let behind: Promise<void> | undefined;
  const work = async (): Promise<Found> => {
    const copy = await findAtEdge(env, asked, asked.minTtlSeconds, lookUp);
    if (copy !== null) return { token: copy, from: "edge" };
    const askedAt = Date.now();
    const answered = await askActor(env, asked);
    const token = tokenOf(answered);
    // An actor that does not say yet may be followed by one that does.
    const endsAt = answered.copyEndsAt === undefined ? 0 : answered.copyEndsAt;
    behind = keepCopy(env, asked, { token, askedAt, endsAt }, lookUp);
    return { token, from: "origin" };
  };
  const flight = Object.assign(lookUp, { answer: work() });
  flights.set(name, flight);
  const landed = flight.answer
    .finally(() => {
      if (flights.get(name) === flight) flights.delete(name);
    })
    .then(() => behind);
  asked.keepAlive(watchChanges(asked, flight, landed).catch(() => undefined));
  return flight.answer;
}

/**
 * Waits for the look-up of another request. Null when that is lost: whoever began it went away. With a timer of its own, as the platform
 * gives a request up that waits for nothing but another.
 */
async function joined({ answer }: Flight): Promise<Found | null> {
  let timer: number | null = null;
  const lost = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), JOINED_PATIENCE_MS)));
  try {
    return await Promise.race([answer, lost]);
  } finally {
    clearTimeout(timer);
  }
}

function askActor(env: Env, { workspace, id, requestId, minTtlSeconds }: TokenAsk): Promise<SecretView> {
  return secretStub(env, workspace, id).read({ requestId, minTtlSeconds, requireToken: true });
}
