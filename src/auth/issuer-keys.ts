/**
 * The public keys of each issuer, as this isolate knows them. Asks a key server at most once a second, however many requests
 * want a key: whoever sends a token may invent the `kid` in it.
 */

import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, type JWTVerifyGetKey } from "jose";
import type { JwtIssuer } from "../domain/jwt-issuer.ts";
import { ServiceError } from "../errors.ts";

/** Gives the body of a key server's good answer, a JWK set; anything else it throws. Text, as requests can share no Response. */
export type FetchKeys = (uri: string) => Promise<string>;

const COOLDOWN_MS = 1000;
const MAX_AGE_MS = 10 * 60 * 1000;
const RETRY_AFTER_SECONDS = 5;
const LOOK_AGAIN_MS = 20;

const known = new WeakMap<JwtIssuer, JWTVerifyGetKey>();

/**
 * Gives the function that finds an issuer's key by `kid`. The set is kept for ten minutes and fetched again, once, for a `kid`
 * that is not in it. An issuer keeps the `fetchKeys` that it was first asked with.
 * The function throws jose's `JWKSNoMatchingKey`, or `provider_unreachable` when no usable set could be had.
 */
export function keysOf(issuer: JwtIssuer, fetchKeys: FetchKeys): JWTVerifyGetKey {
  const remembered = known.get(issuer);
  if (remembered !== undefined) return remembered;
  const keySet = createRemoteJWKSet(new URL(issuer.jwksUri), {
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: MAX_AGE_MS,
    [customFetch]: oncePerCooldown(fetchKeys),
  });
  const keys: JWTVerifyGetKey = async (header, token) => {
    try {
      return await keySet(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw unreachable(issuer, error);
    }
  };
  known.set(issuer, keys);
  return keys;
}

/**
 * Starts one fetch a second. jose rests only after a success, and in Workers it lets every request fetch for itself, because no
 * request may wait for the promise of another. So here they share the answer as plain text and look for it with timers of their own.
 */
function oncePerCooldown(fetchKeys: FetchKeys): FetchImplementation {
  let startedAt = -Infinity;
  let heard: { at: number; body: string } | { at: number; error: unknown } | null = null;
  return async (uri, { signal }) => {
    const askedAt = Date.now();
    const isResting = () => Date.now() < startedAt + COOLDOWN_MS;
    // What came after this request asked is good for it, however late it looks.
    const isGood = ({ at }: { at: number }) => at >= askedAt || (at >= startedAt && isResting());
    for (;;) {
      if (heard !== null && isGood(heard)) return responseOf(heard);
      if (!isResting()) break;
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    startedAt = Date.now();
    heard = await fetchKeys(uri).then(
      (body) => ({ at: Date.now(), body }),
      (error: unknown) => ({ at: Date.now(), error }),
    );
    return responseOf(heard);
  };
}

function responseOf(heard: { body: string } | { error: unknown }): Response {
  if ("error" in heard) throw heard.error;
  return new Response(heard.body);
}

function unreachable({ issuer }: JwtIssuer, error: unknown): ServiceError {
  const reason = error instanceof Error ? error.message : "something that is no Error was thrown";
  return new ServiceError("provider_unreachable", "The keys of this JWT's issuer cannot be fetched now.", {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    internal: `keys of ${issuer}: ${reason}`,
  });
}
