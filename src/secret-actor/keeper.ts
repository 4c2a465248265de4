/**
 * Keeps one secret: answers reads, renews, follows consent flows, erases. Everything that touches the world comes in through
 * `Ports`, so that the same code runs in a Durable Object and in a simulator. Throws `ServiceError`; `actor` makes data of it.
 */

import { afterClientChange } from "../domain/after-attempt.ts";
import { hasTokens } from "../domain/auth-client.ts";
import type { EventType, Happened, Remembered } from "../domain/events.ts";
import { unavailable } from "../domain/health.ts";
import type { SecretId } from "../domain/ids.ts";
import { type Inspection, overdueSince } from "../domain/overdue.ts";
import { announce, canRefresh, isDue, isFresh, isServable, isTooEarly, nextWake } from "../domain/refresh-schedule.ts";
import { blankSecret, type Secret, type SecretView } from "../domain/secret.ts";
import { copyEndsAt, tokenOf } from "../domain/token-copy.ts";
import { ServiceError } from "../errors.ts";
import type { Revoked } from "../outbound/revocation.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import { Consent } from "./consent.ts";
import { receive } from "./content.ts";
import type { Ask, Change, NewSecret, TokenRead } from "./door.ts";
import { lookUpClient } from "./look-up.ts";
import { Memory } from "./memory.ts";
import { actorOf, type Cause, type Ports } from "./ports.ts";
import { blankRecord } from "./record.ts";
import { Refresher } from "./refresh.ts";
import { revokeGrant } from "./revocation.ts";
import { rewrapRecord } from "./rewrap.ts";

/** The pause before the index is asked again. */
const INDEX_PAUSE_MS = 60_000;

export class SecretKeeper {
  readonly consent: Consent;
  readonly #memory: Memory;
  readonly #ports: Ports;
  readonly #refresher: Refresher;

  constructor(ports: Ports) {
    this.#ports = ports;
    this.#memory = new Memory(ports);
    this.#refresher = new Refresher(this.#memory, ports);
    this.consent = new Consent(this.#memory, ports);
  }

  /**
   * Stores a new secret with credentials in hand, or with a grant that is fetched for it. It exists, in the index too, when this returns; else
   * nothing of it is left.
   */
  async create(input: NewSecret): Promise<SecretView> {
    if (this.#memory.record !== null) throw new ServiceError("conflict", "There is a secret with this id already.");
    const { id, workspaceId, userId, name, client, content, reported } = input;
    const facts = { id, workspaceId, authClientId: client.id, userId, type: client.type, name };
    const nothingSaid = { additionalParams: null, fields: null, scopes: null };
    const receivedAt = this.#ports.now();
    const blank = blankSecret({ ...facts, ...nothingSaid }, receivedAt);
    const request = { requestId: input.requestId, receivedAt };
    const received = await receive(this.#ports, blank, content, client, request);
    const secret = { ...received.onto(blank), reported };
    const sealed = await this.#memory.seal(input, secret.version, received.toSeal);
    const record = { ...blankRecord(input, input.seen), secret, grant: sealed, client: received.client };
    await this.#memory.write({ ...record, unconfirmed: true }, "set", [by(input, "secret.created")]);
    try {
      await this.#memory.publish();
    } catch (error) {
      // When the index does not answer even to this, the alarm of a secret that nobody confirmed tries again.
      await this.#memory.erase(input.id).catch(() => undefined);
      throw error;
    }
    this.#ports.keepAlive(this.#memory.teller.tell());
    return await this.#memory.view();
  }

  /** Answers with a token that is valid, renewed first where less than `minTtlSeconds` are left. */
  async read(
    cause: Cause,
    { minTtlSeconds, requireToken, waits = true }: { minTtlSeconds: number; requireToken: boolean; waits?: boolean },
  ): Promise<SecretView> {
    const prepared = this.#refresher.prepareRead(cause, minTtlSeconds);
    if (waits) await prepared;
    else this.#ports.keepAlive(prepared.catch(() => undefined));
    const view = await this.#memory.view();
    const isMissing = view.credentials.kind === "token" && view.credentials.accessToken === null;
    if (requireToken && isMissing) throw unavailable(this.#memory.secret, this.#ports.now());
    return view;
  }

  /** Answers likewise, with what a step needs. */
  async readToken(cause: Cause, minTtlSeconds: number): Promise<TokenRead> {
    const token = tokenOf(await this.read(cause, { minTtlSeconds, requireToken: true }));
    const { secret } = this.#memory;
    // What came since is not what this says.
    return { token, copyEndsAt: secret.version === token.version ? copyEndsAt(secret) : 0 };
  }

  /**
   * Changes what is given. New credentials are a new version, as if a person had consented: a refresh that is under way meanwhile
   * loses against it.
   */
  async change(input: Change): Promise<SecretView> {
    const { name, content, reported, requestId } = input;
    const request = { requestId, receivedAt: this.#ports.now() };
    // A grant that does not open stays as it is, unless another takes its place.
    if (content === undefined) await this.#memory.view();
    const { secret: first } = this.#memory;
    const received = content && (await receive(this.#ports, first, content, await this.#clientOf(first), request));
    for (;;) {
      const before = this.#memory.secret;
      const sealed = received && (await this.#memory.seal(before, before.version + 1, received.toSeal));

      // From here to the write there is no await: what is changed is what is stored now.
      const record = this.#memory.record;
      const secret = this.#memory.secret;
      if (record === null || (received !== undefined && secret !== before)) continue;
      const changed = { ...(received?.onto(secret) ?? secret), name: name ?? secret.name };
      const after = {
        ...record,
        secret: reported === undefined ? changed : { ...changed, reported },
        grant: sealed ?? record.grant,
        client: received?.client ?? record.client,
      };
      await this.#memory.write(after, "set", [by(input, "secret.changed")]);
      await this.#memory.publishQuietly();
      return await this.#memory.view();
    }
  }

  /** Lets a secret that stands in `client_misconfigured` try again now. */
  async clientChanged(): Promise<void> {
    const record = this.#memory.record;
    if (record === null || record.secret === null) return;
    const secret = afterClientChange(record.secret, this.#ports.now());
    if (secret !== record.secret) await this.#memory.write({ ...record, secret });
  }

  /** The auth client, or the copy of it as last seen when D1 does not answer. */
  async #clientOf({ authClientId }: Secret): Promise<SealedAuthClient> {
    const found = await lookUpClient(this.#ports, authClientId);
    const client = found === undefined ? this.#memory.record?.client : found;
    if (client == null) throw new ServiceError("not_found", "The auth client of this secret is gone.");
    return client;
  }

  /**
   * Answers with a renewed token. The provider is not called when the secret is already past `rejectedVersion`, or, without one,
   * when the last refresh is at most five seconds old.
   */
  async refresh(cause: Cause, rejectedVersion: number | null): Promise<SecretView> {
    const { secret } = this.#memory;
    const now = this.#ports.now();
    const isPast = rejectedVersion === null ? isFresh(secret, now) : secret.version > rejectedVersion;
    if (isPast && hasTokens(secret.type) && isServable(secret, now)) return await this.#memory.view();
    if (secret.renewedWith === null) {
      const lacks = hasTokens(secret.type)
        ? "This secret has no refresh token"
        : `The type "${secret.type}" has no tokens`;
      throw new ServiceError("conflict", `${lacks}, so it cannot be refreshed.`);
    }
    const isPaused = secret.trouble?.reason === "rate_limited" && !isDue(secret, now);
    if (!canRefresh(secret) || isPaused) throw unavailable(secret, now);

    await this.#refresher.renewNow(cause);
    if (this.#memory.secret.version === secret.version && !this.#isUsedUpFirst())
      throw unavailable(this.#memory.secret, this.#ports.now());
    return await this.#memory.view();
  }

  /** The provider renews nothing yet, and that is no failure while there is a token to use. */
  #isUsedUpFirst(): boolean {
    const now = this.#ports.now();
    return isTooEarly(this.#memory.secret, now) && isServable(this.#memory.secret, now);
  }

  /** Tells what happened to the secret, newest first. */
  history(): Remembered[] {
    return this.#memory.history();
  }

  /**
   * Tells whether a refresh is overdue. `wake`: then the alarm, which does the work, is set anew for a moment within `spreadMs`; a secret
   * whose alarm is merely missing gets it back.
   */
  async inspect({ wake, spreadMs }: { wake: boolean; spreadMs: number }): Promise<Inspection> {
    const { secret } = this.#memory;
    const now = this.#ports.now();
    const isUnderWay = this.#refresher.flight !== null;
    const since = isUnderWay ? null : overdueSince(secret, now);
    if (wake && since !== null) await this.#memory.wakeAt(now + Math.floor(this.#ports.random() * spreadMs));
    else if (wake && !isUnderWay) await this.#memory.rearm();
    return { overdueSince: since, nextDueAt: nextWake(secret) };
  }

  /** Seals anew what another key than the ring's first has sealed. `said` is what the index says of the keys. */
  async rewrap({ said }: { said: string | null }): Promise<{ kids: string }> {
    return { kids: await rewrapRecord(this.#memory, this.#ports, said) };
  }

  /** Removes whatever is here, a secret or the flows that were to make one. */
  async clear(): Promise<void> {
    await this.#memory.clear();
  }

  /** Removes the secret. Its tokens are taken back first, as far as that goes. */
  async erase(cause: Ask): Promise<void> {
    const { id } = this.#memory.secret;
    const revoked = await revokeGrant(this.#memory, this.#ports, cause, this.#refresher.flight);
    const { record } = this.#memory;
    await this.#memory.erase(id);
    if (record === null) return;
    const happened = [...revocationEvents(cause, revoked), by(cause, "secret.deleted")];
    this.#ports.keepAlive(this.#memory.teller.tellLast(record, happened));
  }

  /** Does what is due. Rejects for nothing but broken storage, and always leaves an alarm where one is needed. */
  async alarm(requestId: string): Promise<void> {
    const record = this.#memory.record;
    if (record === null) return;
    if (record.unconfirmed || this.consent.isOver()) return await this.#eraseForgotten(record.id);
    await this.consent.expire();
    if (this.#refresher.flight === null) await this.#memory.closeLostAttempt();
    await this.#announceEnd();
    const secret = this.#memory.record?.secret;
    const isWanted = secret != null && canRefresh(secret) && isDue(secret, this.#ports.now());
    if (isWanted || this.#refresher.flight !== null) await this.#refresher.attempt({ trigger: "alarm", requestId });
    else this.#ports.keepAlive(this.#memory.publishQuietly());
    await this.#memory.rearm();
  }

  /** Tells that the refresh token ends, 30, 7 and 1 days before. */
  async #announceEnd(): Promise<void> {
    const record = this.#memory.record;
    const secret = record?.secret;
    const announced = secret == null ? null : announce(secret, this.#ports.now());
    if (record === null || announced === null) return;
    const reason = `${announced.days}_days_left`;
    const happened: Happened = { event: "secret.refresh_token_ending", actor: "system", outcome: "ok", reason };
    await this.#memory.write({ ...record, secret: announced.secret }, "set", [happened]);
    const { id, workspaceId, refreshTokenExpiresAt } = announced.secret;
    this.#ports.log({
      kind: "ending",
      workspace_id: workspaceId,
      secret_id: id,
      days_left: announced.days,
      ends_at: new Date(refreshTokenExpiresAt ?? 0).toISOString(),
    });
  }

  /** Removes what nobody knows of: an import that was never answered, or flows without a secret that ended long ago. */
  async #eraseForgotten(id: SecretId): Promise<void> {
    try {
      await this.#memory.erase(id, (record) => record.unconfirmed || record.secret === null);
    } catch (error) {
      this.#ports.log({ kind: "alert", what: "index_behind", secret_id: id, internal: String(error) });
    }
    await this.#memory.rearm(INDEX_PAUSE_MS);
  }
}

/** Tells what somebody did. */
function by(ask: Ask, event: EventType): Happened {
  return { event, actor: actorOf(ask), outcome: "ok", requestId: ask.requestId };
}

/** Tells what came of taking a secret's tokens back. Those of which one is left were not. */
function revocationEvents(ask: Ask, revoked: Revoked | null): Happened[] {
  if (revoked === null) return [];
  const { outcome, reason } = revoked;
  const became = outcome === "revoked" ? { reason } : { outcome: "failed" as const, reason: reason ?? outcome };
  return [{ ...by(ask, "secret.tokens_revoked"), ...became }];
}
