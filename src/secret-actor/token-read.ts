/**
 * A token read, once it is known that the caller may: memory, else the data centre's copy, else one question to the actor. Those of one
 * isolate who ask at the same time share it.
 */

import type { Env } from "../bindings.ts";
import type { Token } from "../domain/token-copy.ts";
import { SharedWork } from "../shared-work.ts";
import { secretStub } from "./stub.ts";
import { findAtEdge, findInMemory, isInMemory, isOutdated, keepCopy, type SecretPath } from "./token-cache.ts";

export interface TokenAsk extends SecretPath {
  requestId: string;
  /** Who asks: a renewal that this causes is told with their name. */
  principal?: string;
  minTtlSeconds: number;
  /** Whether only the actor's own answer will do. */
  skipsCopies: boolean;
  /** Lets work go on although its caller went away. */
  keepAlive: (work: Promise<unknown>) => void;
}

/** Where a token was found: in this isolate, in the data centre, by asking its actor. */
export type Source = "memory" | "edge" | "origin";

/** A token, and where it was found. */
export interface Found {
  token: Token;
  from: Source;
}

/** A reader waits 12 seconds at most for the actor. */
const lookUps = new SharedWork<Found>(15_000);

/**
 * Reads a token that is valid, renewed first where it has less than `minTtlSeconds` left.
 * @throws {ServiceError} `not_found`, `reauthorization_required`, `client_misconfigured`, `provider_unreachable`, `storage_integrity`
 */
export async function readToken(env: Env, asked: TokenAsk): Promise<Found> {
  if (asked.skipsCopies) return await askActor(env, asked);
  const askedAt = Date.now();
  const token = findInMemory(asked, asked.minTtlSeconds, askedAt);
  if (token !== null) return { token, from: "memory" };
  return await lookUps.do(
    `${asked.workspace}/${asked.id}?${asked.minTtlSeconds}`,
    () => lookUp(env, asked),
    asked.keepAlive,
    () => isOutdated(asked, askedAt),
  );
}

async function lookUp(env: Env, asked: TokenAsk): Promise<Found> {
  const copy = await findAtEdge(env, asked, asked.minTtlSeconds);
  return copy === null ? await askActor(env, asked) : { token: copy, from: "edge" };
}

/** Asks the actor, and keeps its answer unless that is what memory has. */
async function askActor(env: Env, asked: TokenAsk): Promise<Found> {
  const { workspace, id, requestId, principal, minTtlSeconds, keepAlive } = asked;
  const askedAt = Date.now();
  const question = { requestId, principal, minTtlSeconds, asText: true };
  const { token, copyEndsAt } = await secretStub(env, workspace, id).readToken(question);
  const keeping = { token, askedAt, endsAt: copyEndsAt };
  if (!isInMemory(asked, token)) keepAlive(keepCopy(env, asked, keeping).catch(() => undefined));
  return { token, from: "origin" };
}
