/**
 * A token read, once it is known that the caller may: memory, else the data centre's copy, else one question to the actor. Those of one
 * isolate who ask at the same time share it.
 */

import type { Env } from "../bindings.ts";
import type { Token } from "../domain/token-copy.ts";
import { SharedWork } from "../shared-work.ts";
import type { TokenRead } from "./door.ts";
import { secretStub } from "./stub.ts";
import {
  dropCopies,
  findAtEdge,
  findInMemory,
  isOutdatedBy,
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

/** A reader waits 12 seconds at most for the actor. */
const lookUps = new SharedWork<Found>(15_000);

/**
 * Reads a token that is valid, renewed first where it has less than `minTtlSeconds` left.
 * @throws {ServiceError} `not_found`, `reauthorization_required`, `client_misconfigured`, `provider_unreachable`, `storage_integrity`
 */
export async function readToken(env: Env, asked: TokenAsk): Promise<Found> {
  if (asked.skipsCopies) {
    const { token } = await askActor(env, asked);
    if (isOutdatedBy(asked, token)) asked.keepAlive(dropCopies(env, asked));
    return { token, from: "origin" };
  }
  const token = findInMemory(asked, asked.minTtlSeconds, Date.now());
  if (token !== null) return { token, from: "memory" };

  const name = `${asked.workspace}/${asked.id}?${asked.minTtlSeconds}`;
  const lookUp: LookUp = { isOutdated: false };
  return await lookUps.do(
    name,
    () => lookItUp(env, asked, lookUp),
    asked.keepAlive,
    () => lookUp.isOutdated,
  );
}

async function lookItUp(env: Env, asked: TokenAsk, lookUp: LookUp): Promise<Found> {
  const stopWatching = watchChanges(asked, lookUp);
  let keeping: Promise<void> | undefined;
  try {
    const copy = await findAtEdge(env, asked, asked.minTtlSeconds, lookUp);
    if (copy !== null) return { token: copy, from: "edge" };
    const askedAt = Date.now();
    const { token, copyEndsAt: endsAt } = await askActor(env, asked);
    keeping = keepCopy(env, asked, { token, askedAt, endsAt }, lookUp);
    return { token, from: "origin" };
  } finally {
    if (keeping === undefined) stopWatching();
    else asked.keepAlive(keeping.catch(() => undefined).finally(stopWatching));
  }
}

function askActor(env: Env, { workspace, id, requestId, minTtlSeconds }: TokenAsk): Promise<TokenRead> {
  return secretStub(env, workspace, id).readToken({ requestId, minTtlSeconds });
}
