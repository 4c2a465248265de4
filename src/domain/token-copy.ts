/**
 * Copies of tokens outside their actors: what is in one, for how long it is as good as the actor's own answer, and what makes it worse.
 * Instants are milliseconds since the epoch.
 */

import { healthOf } from "./health.ts";
import { canRefresh, tooLittleLeft } from "./refresh-schedule.ts";
import type { HealthStatus, PlainCredentials, Secret, SecretView, TokenCredentials } from "./secret.ts";

/** What a step needs of a secret. No copy holds more. */
export interface Token extends Pick<SecretView, "type" | "version"> {
  credentials: Pick<TokenCredentials, "kind" | "accessToken" | "tokenType" | "scope" | "expiresAt"> | PlainCredentials;
  health: HealthStatus;
}

/** Takes from a secret what a step needs. */
export function tokenOf({ type, version, credentials, health: { status: health } }: SecretView): Token {
  if (credentials.kind === "plain") return { type, version, credentials, health };
  const { kind, accessToken, tokenType, scope, expiresAt } = credentials;
  return { type, version, credentials: { kind, accessToken, tokenType, scope, expiresAt }, health };
}

/**
 * Gives the moment from which the actor itself has to be asked again: a refresh is due, or reads would wait for one, or the token is over.
 * Null: at no time; 0: always.
 */
export function copyEndsAt(secret: Secret): number | null {
  if (!secret.mayBeCopied) return 0;
  const { expiresAt, issuedAt, refreshAt } = secret;
  const moments = [refreshAt, expiresAt];
  if (expiresAt !== null && canRefresh(secret)) moments.push(expiresAt - tooLittleLeft(expiresAt, issuedAt));
  const known = moments.filter((moment) => moment !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Decides whether copies may still be about that say something else than the secret does now, or would last too long. */
export function outdatesCopies(before: Secret, after: Secret | null, now: number): boolean {
  const lastedUntil = copyEndsAt(before) ?? Number.POSITIVE_INFINITY;
  if (lastedUntil <= now) return false;
  if (after === null || after.version !== before.version) return true;
  const isOver = (copyEndsAt(after) ?? Number.POSITIVE_INFINITY) < lastedUntil;
  return isOver || healthOf(after, now).status !== healthOf(before, now).status;
}
