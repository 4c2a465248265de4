/** What an attempt came to, and how that is stored: in one piece, on what is stored then, and again if storage fails. */

import type { Sealed } from "../crypto/seal.ts";
import { afterClientChange, afterHeldBack, afterLostAnswer, afterRefusal } from "../domain/after-attempt.ts";
import type { Happened } from "../domain/events.ts";
import type { RenewedWith } from "../domain/oauth2/renewal.ts";
import type { Heard, Refusal } from "../domain/oauth2/response.ts";
import type { HeldBack } from "../domain/provider-budget.ts";
import { canRefresh, type Policy, withNewGrant } from "../domain/refresh-schedule.ts";
import type { Secret } from "../domain/secret.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import type { Memory } from "./memory.ts";
import { actorOf, type Cause, type Ports, tellOperators } from "./ports.ts";

export type Outcome =
  | {
      kind: "granted";
      heard: Heard & { kind: "granted" };
      arrivedAt: number;
      sealed: Sealed;
      /** With what it is renewed. */
      by: RenewedWith | null;
      client: SealedAuthClient;
      policy: Policy;
    }
  | (HeldBack & { client: SealedAuthClient })
  | {
      kind: "refused";
      refusal: Refusal;
      client: SealedAuthClient | null;
      /** The client was changed since it was refused. */
      isOutdated: boolean;
    };

/** Which attempt an outcome is of. */
interface Of {
  /** When it began. */
  startedAt: number;
  /** As the journal names it; null when there was nothing to write there. */
  attemptId: string | null;
  version: number;
}

/** So long an outcome waits for storage that fails. */
const STORE_PATIENCE_MS = 600_000;
const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Stores an outcome; false when it is of no use any more: a consent came first, or the secret is gone. Storage that fails is tried again
 * and again, because a refresh token that was rotated is lost with this process until it is written.
 */
export async function storeOutcome(
  memory: Memory,
  ports: Ports,
  cause: Cause,
  outcome: Outcome,
  of: Of,
): Promise<boolean> {
  const giveUpAt = ports.now() + STORE_PATIENCE_MS;
  for (let pause = SHORTEST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    // From here to the write there is no await: what is decided is decided on what is stored now.
    const record = memory.record;
    const secret = record?.secret;
    if (record === null || secret == null || !isOf(secret, of)) return false;
    try {
      const changed = {
        ...record,
        secret: afterOutcome(secret, outcome, of, ports),
        grant: outcome.kind === "granted" ? outcome.sealed : record.grant,
        client: outcome.client ?? record.client,
      };
      await memory.write(changed, "set", eventsOf(outcome, cause, ports.now() - of.startedAt));
      return true;
    } catch (error) {
      const isStored = memory.record?.secret !== secret;
      if (isStored || ports.now() >= giveUpAt) throw error;
      if (pause === SHORTEST_PAUSE_MS) tellOperators(ports, record.id, cause, "outcome_not_stored", error);
    }
    await ports.waitFor(null, pause);
  }
}

function isOf(secret: Secret, { attemptId, version }: Of): boolean {
  return attemptId === null ? isStill(secret, version) : secret.attempt?.id === attemptId;
}

/** Decides whether a secret is what an attempt was planned for: it was neither deleted nor consented to meanwhile. */
export function isStill(secret: Secret | null | undefined, version: number): boolean {
  return secret != null && secret.version === version && canRefresh(secret);
}

/** An attempt still open before another begins is one whose outcome could not be stored: its answer is lost, too. */
export function withoutLostAttempt(secret: Secret, ports: Ports): Secret {
  return secret.attempt === null ? secret : afterLostAnswer(secret, ports.now(), ports.random());
}

function afterOutcome(stored: Secret, outcome: Outcome, { attemptId }: Of, ports: Ports): Secret {
  const now = ports.now();
  const secret = attemptId === null ? withoutLostAttempt(stored, ports) : stored;
  if (outcome.kind === "held_back") {
    const after = afterHeldBack(secret, outcome, now);
    // An answer that was lost has a pause of its own.
    const isLost = secret !== stored && secret.refreshAt !== null;
    return isLost ? { ...after, refreshAt: Math.max(after.refreshAt ?? 0, secret.refreshAt ?? 0) } : after;
  }
  if (outcome.kind === "refused") {
    const after = afterRefusal(secret, outcome.refusal, now, ports.random());
    return outcome.isOutdated ? afterClientChange(after, now) : after;
  }
  const { issuedAt, expiresAt, refreshTokenExpiresAt } = outcome.heard;
  const times = {
    issuedAt,
    expiresAt,
    renewedWith: outcome.by,
    refreshTokenExpiresAt,
    arrivedAt: outcome.arrivedAt,
  };
  return { ...withNewGrant(secret, times, outcome.policy, ports.random()), lastRefreshedAt: now };
}

/** Tells of an attempt. One that was held back sent nothing, so there is nothing to tell. */
function eventsOf(outcome: Outcome, cause: Cause, durationMs: number): Happened[] {
  if (outcome.kind === "held_back") return [];
  const { trigger, requestId } = cause;
  const known = { actor: actorOf(cause), reason: reasonOf(outcome), trigger, durationMs, requestId };
  return outcome.kind === "granted"
    ? [{ event: "secret.refreshed", outcome: "ok", ...known }]
    : [{ event: "secret.refresh_failed", outcome: "failed", ...known }];
}

/** Tells of an attempt whose outcome was of no use any more, if there is still a secret to tell it of. */
export async function noteSuperseded(memory: Memory, ports: Ports, cause: Cause, startedAt: number): Promise<void> {
  const { record } = memory;
  if (record?.secret == null) return;
  const { trigger, requestId } = cause;
  const known = { actor: actorOf(cause), trigger, durationMs: ports.now() - startedAt, requestId };
  const happened = [{ event: "secret.refresh_failed", outcome: "superseded", ...known }] as const;
  // The log line has it in any case.
  await memory.write(record, "keep", happened).catch(() => undefined);
}

/** Names why there is no new grant, for the log; null when there is one. */
export function reasonOf(outcome: Outcome): string | null {
  if (outcome.kind === "held_back") return outcome.because;
  return outcome.kind === "refused" ? outcome.refusal.reason : null;
}

/** What else the log says of an answer. */
export function notesOf(outcome: Outcome): { warning?: string; media_type?: string } {
  if (outcome.kind === "granted") return outcome.heard.warning == null ? {} : { warning: outcome.heard.warning };
  const mediaType = outcome.kind === "refused" ? outcome.refusal.mediaType : null;
  return mediaType == null ? {} : { media_type: mediaType };
}

/** Makes the outcome of what went wrong without a provider. */
export function refused(client: SealedAuthClient | null, refusal: Refusal["class"], reason: Refusal["reason"]) {
  return {
    kind: "refused",
    refusal: { class: refusal, reason, retryAfterSeconds: null },
    client,
    isOutdated: false,
  } as const;
}
