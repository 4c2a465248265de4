/**
 * One refresh at a time: alarm, reads and manual requests share one promise. An attempt says, sends, hears and decides; what it
 * decides comes from `domain/refresh-schedule`.
 */

import { DEFAULT_REFRESH_LEAD_SECONDS } from "../domain/auth-client.ts";
import { digest } from "../domain/digest.ts";
import type { Heard, Refusal } from "../domain/oauth2/response.ts";
import {
  afterRefusal,
  beginAttempt,
  canRefresh,
  isDue,
  isServable,
  whatReadNeeds,
  withNewGrant,
} from "../domain/refresh-schedule.ts";
import type { Grant, Secret } from "../domain/secret.ts";
import { openAuthClient, type SealedAuthClient } from "../store/auth-clients.ts";

import type { Memory } from "./memory.ts";
import type { Ports } from "./ports.ts";

/** What made an attempt start, and for whom; for the log. */
export interface Cause {
  trigger: "alarm" | "read" | "manual";
  requestId: string;
}

const REQUEST_TIMEOUT_MS = 20_000;
/** A token that outlives a slow provider lets the request take this long. */
const PATIENT_TIMEOUT_MS = 40_000;
/** The longest that a reader waits. */
const READER_PATIENCE_MS = 12_000;
/** A token with less than this left is not worth stopping for. */
const LAST_MOMENT_MS = 1000;

export class Refresher {
  readonly #memory: Memory;
  readonly #ports: Ports;
  #flight: Promise<void> | null = null;

  constructor(memory: Memory, ports: Ports) {
    this.#memory = memory;
    this.#ports = ports;
  }

  /** Starts an attempt, or joins the one that is under way. Settles when its outcome is stored; never rejects for a provider's fault. */
  attempt(cause: Cause): Promise<void> {
    if (this.#flight === null) {
      const flight = this.#run(cause).finally(() => {
        this.#flight = null;
        this.#ports.keepAlive(this.#memory.publishQuietly());
      });
      this.#flight = flight;
      this.#ports.keepAlive(flight);
    }
    return this.#flight;
  }

  /** Does what a read needs before it is answered (REFRESH: serve, serve and renew, or wait). */
  async prepareRead(cause: Cause, minTtlSeconds: number): Promise<void> {
    const { version } = this.#memory.secret;
    const deadline = patienceEnds(this.#memory.secret, this.#ports.now());
    while (this.#memory.secret.version === version) {
      const secret = this.#memory.secret;
      const now = this.#ports.now();
      const need = whatReadNeeds(secret, now, minTtlSeconds);
      if (need === "serve" || now >= deadline) return;
      if (need === "serve_and_renew") {
        void this.attempt(cause);
        return;
      }
      if (this.#mayAttempt(secret, now)) await this.#ports.waitFor(this.attempt(cause), deadline - now);
      else if (isServable(secret, now)) return;
      else if (!(await this.#awaitNextAttempt(secret, now, deadline))) return;
    }
  }

  /** Renews now, whatever the schedule says, and stays for the quick second tries. Returns when the version rose or nothing more helps. */
  async renewNow(cause: Cause): Promise<void> {
    const { version } = this.#memory.secret;
    const deadline = this.#ports.now() + READER_PATIENCE_MS;
    await this.attempt(cause);
    while (this.#memory.secret.version === version) {
      const secret = this.#memory.secret;
      const now = this.#ports.now();
      if (!canRefresh(secret) || secret.trouble?.kind === "client_misconfigured") return;
      if (isDue(secret, now)) await this.attempt(cause);
      else if (!(await this.#awaitNextAttempt(secret, now, deadline))) return;
    }
  }

  /** While a failure is pausing the schedule, readers do not make it shorter. */
  #mayAttempt(secret: Secret, now: number): boolean {
    return this.#flight !== null || secret.trouble === null || isDue(secret, now);
  }

  async #awaitNextAttempt(secret: Secret, now: number, deadline: number): Promise<boolean> {
    if (secret.refreshAt === null || secret.refreshAt > deadline) return false;
    await this.#ports.waitFor(null, secret.refreshAt - now);
    return true;
  }

  async #run(cause: Cause): Promise<void> {
    const { now, random, log } = this.#ports;
    const startedAt = now();
    const begun = await this.#begin(cause);
    if (begun === null) return;

    const client = await this.#client(begun.secret);
    const heard = client.kind === "refused" ? client : await this.#send(begun, client.stored);
    const sealed =
      heard.kind === "granted"
        ? await this.#memory.seal(begun.secret, begun.secret.version + 1, continued(begun.grant, heard.grant))
        : null;

    // From here to the write there is no await: what is decided is decided on what is stored now.
    const record = this.#memory.record;
    const secret = record?.secret;
    const current = secret?.attempt?.id === begun.attemptId;
    const policy = {
      refreshLeadSeconds: client.kind === "found" ? client.stored.refreshLeadSeconds : DEFAULT_REFRESH_LEAD_SECONDS,
    };
    let outcome: "granted" | "superseded" | "failed" = "superseded";
    if (record !== null && secret && current) {
      outcome = heard.kind === "granted" ? "granted" : "failed";
      const next =
        heard.kind === "granted"
          ? {
              ...withNewGrant(secret, { ...heard, hasRefreshToken: heard.grant.refresh_token !== null }, policy),
              lastRefreshedAt: now(),
            }
          : afterRefusal(secret, heard.refusal, now(), random());
      await this.#memory.write({
        ...record,
        secret: next,
        grant: sealed ?? record.grant,
        client: client.kind === "found" ? client.stored : record.client,
      });
    }
    const after = this.#memory.record?.secret;
    log({
      kind: "refresh",
      trigger: cause.trigger,
      request_id: cause.requestId,
      workspace_id: begun.secret.workspaceId,
      secret_id: begun.secret.id,
      version: after?.version ?? begun.secret.version,
      outcome,
      reason: heard.kind === "refused" ? heard.refusal.reason : null,
      duration_ms: now() - startedAt,
      next_refresh_at: after?.refreshAt == null ? null : new Date(after.refreshAt).toISOString(),
    });
  }

  /** Opens the grant and writes the journal. Null when there is nothing to do, or nothing can be opened: the provider is then not called. */
  async #begin(
    cause: Cause,
  ): Promise<{ secret: Secret; grant: Grant; refreshToken: string; attemptId: string } | null> {
    const { now, random, log } = this.#ports;
    let grant: Grant;
    try {
      grant = await this.#memory.grant();
    } catch (error) {
      const record = this.#memory.record;
      if (!record?.secret) return null;
      const fault: Refusal = { class: "retry", reason: "storage_integrity", retryAfterSeconds: null };
      await this.#memory.write({ ...record, secret: afterRefusal(record.secret, fault, now(), random()) });
      log({
        kind: "alert",
        what: "storage_integrity",
        secret_id: record.id,
        request_id: cause.requestId,
        internal: String(error),
      });
      return null;
    }
    const refreshToken = grant.refresh_token;
    if (refreshToken === null) return null;
    const attemptId = crypto.randomUUID();
    const fingerprint = await digest(refreshToken);
    const record = this.#memory.record;
    if (!record?.secret || !canRefresh(record.secret) || (await this.#memory.grant()) !== grant) return null;
    const attempt = { id: attemptId, version: record.secret.version, fingerprint, sentAt: now() };
    // Inside an alarm the platform itself wakes the actor again if the process dies, so the alarm needs no row of its own.
    await this.#memory.write(
      { ...record, secret: beginAttempt(record.secret, attempt) },
      cause.trigger === "alarm" ? "keep" : "set",
    );
    return { secret: record.secret, grant, refreshToken, attemptId };
  }

  async #client(secret: Secret): Promise<{ kind: "found"; stored: SealedAuthClient } | (Heard & { kind: "refused" })> {
    let stored: SealedAuthClient | null;
    try {
      stored = await this.#ports.findAuthClient(secret.authClientId);
      if (stored === null) return refused("config_error", "client_gone");
    } catch {
      stored = this.#memory.record?.client ?? null;
      if (stored === null) return refused("retry", "storage_unavailable");
    }
    return { kind: "found", stored };
  }

  async #send(begun: { secret: Secret; refreshToken: string }, stored: SealedAuthClient): Promise<Heard> {
    let registration;
    try {
      registration = (await openAuthClient(this.#ports.keyring(), stored)).credentials;
    } catch {
      return refused("retry", "storage_integrity");
    }
    const left =
      begun.secret.expiresAt === null ? Number.POSITIVE_INFINITY : begun.secret.expiresAt - this.#ports.now();
    const timeoutMs = left > PATIENT_TIMEOUT_MS ? PATIENT_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
    return await this.#ports.sendTokenRequest(
      { kind: "refresh", registration, refreshToken: begun.refreshToken },
      timeoutMs,
    );
  }
}

/** Gives the moment at which a reader stops waiting: while the token at hand can still be served, if there is time for that. */
function patienceEnds({ expiresAt }: Secret, now: number): number {
  const lastMoment = (expiresAt ?? now) - LAST_MOMENT_MS;
  return lastMoment > now ? Math.min(lastMoment, now + READER_PATIENCE_MS) : now + READER_PATIENCE_MS;
}

function refused(refusal: Refusal["class"], reason: Refusal["reason"]): Heard & { kind: "refused" } {
  return { kind: "refused", refusal: { class: refusal, reason, retryAfterSeconds: null } };
}

/** Joins a renewed grant to the one before: what the provider did not repeat still holds (RFC 6749 5.1, 6). */
function continued(before: Grant, renewed: Grant): Grant {
  return {
    ...renewed,
    scope: renewed.scope ?? before.scope,
    subject: renewed.subject ?? before.subject,
    undefined_params: { ...before.undefined_params, ...renewed.undefined_params },
  };
}
