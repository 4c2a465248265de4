/**
 * Keeps one secret: answers reads, renews, follows consent flows, erases. Everything that touches the world comes in through
 * `Ports`, so that the same code runs in a Durable Object and in a simulator. Throws `ServiceError`; `actor` makes data of it.
 */

import type { SecretId } from "../domain/ids.ts";
import { lifetimeSeconds } from "../domain/oauth2/response.ts";
import { canRefresh, isDue, isFresh, isServable, unavailable, withNewGrant } from "../domain/refresh-schedule.ts";
import { blankSecret, type Grant, type Secret, type SecretView } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import { jwtExpiresAt } from "../outbound/token-endpoint.ts";
import { openAuthClient } from "../store/auth-clients.ts";
import type { Cause } from "./attempt.ts";
import { Consent } from "./consent.ts";
import type { NewSecret } from "./door.ts";
import { Memory } from "./memory.ts";
import type { Ports } from "./ports.ts";
import { Refresher } from "./refresh.ts";

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

  /** Stores a new secret with tokens in hand. It exists, in the index too, when this returns; else nothing of it is left. */
  async create(input: NewSecret): Promise<SecretView> {
    if (this.#memory.record !== null) throw new ServiceError("conflict", "There is a secret with this id already.");
    const now = this.#ports.now();
    const secret = await this.#imported(input, now);
    const grant: Grant = {
      access_token: input.accessToken,
      token_type: input.tokenType,
      refresh_token: input.refreshToken,
      scope: input.scope,
      undefined_params: {},
      subject: null,
    };
    const sealed = await this.#memory.seal(input, secret.version, grant);
    await this.#memory.write({
      schema: 1,
      id: input.id,
      workspaceId: input.workspaceId,
      secret,
      grant: sealed,
      client: input.client,
      indexed: null,
      unconfirmed: true,
      authorizations: [],
    });
    try {
      await this.#memory.publish();
    } catch (error) {
      // When the index does not answer even to this, the alarm of a secret that nobody confirmed tries again.
      await this.#memory.erase(input.id).catch(() => undefined);
      throw error;
    }
    return await this.#memory.view();
  }

  /** Answers with a token that is valid, renewed first where less than `minTtlSeconds` are left. */
  async read(cause: Cause, minTtlSeconds: number, requireToken: boolean): Promise<SecretView> {
    await this.#refresher.prepareRead(cause, minTtlSeconds);
    const view = await this.#memory.view();
    if (requireToken && view.accessToken === null) throw unavailable(this.#memory.secret, this.#ports.now());
    return view;
  }

  /**
   * Answers with a renewed token. The provider is not called when the secret is already past `rejectedVersion`, or, without one,
   * when the last refresh is at most five seconds old.
   */
  async refresh(cause: Cause, rejectedVersion: number | null): Promise<SecretView> {
    const { secret } = this.#memory;
    const now = this.#ports.now();
    if (!secret.hasRefreshToken) {
      throw new ServiceError("conflict", "This secret has no refresh token, so it cannot be refreshed.");
    }
    const isPast = rejectedVersion === null ? isFresh(secret, now) : secret.version > rejectedVersion;
    if (isPast && isServable(secret, now)) return await this.#memory.view();
    const isPaused = secret.trouble?.reason === "rate_limited" && !isDue(secret, now);
    if (!canRefresh(secret) || isPaused) throw unavailable(secret, now);

    await this.#refresher.renewNow(cause);
    if (this.#memory.secret.version === secret.version) throw unavailable(this.#memory.secret, this.#ports.now());
    return await this.#memory.view();
  }

  /** Removes the secret. */
  async erase(): Promise<void> {
    await this.#memory.erase(this.#memory.secret.id);
  }

  /** Does what is due. Rejects for nothing but broken storage, and always leaves an alarm where one is needed. */
  async alarm(requestId: string): Promise<void> {
    const record = this.#memory.record;
    if (record === null) return;
    if (record.unconfirmed || this.consent.isOver()) return await this.#eraseForgotten(record.id);
    await this.consent.expire();
    if (this.#refresher.flight === null) await this.#memory.closeLostAttempt();
    const secret = this.#memory.record?.secret;
    const isWanted = secret != null && canRefresh(secret) && isDue(secret, this.#ports.now());
    if (isWanted || this.#refresher.flight !== null) await this.#refresher.attempt({ trigger: "alarm", requestId });
    else this.#ports.keepAlive(this.#memory.publishQuietly());
    await this.#memory.rearm();
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

  async #imported(input: NewSecret, now: number): Promise<Secret> {
    const client = await openAuthClient(this.#ports.keyring(), input.client);
    const hasRefreshToken = input.refreshToken !== null;
    const lifetime = lifetimeSeconds({
      expiresIn: input.expiresIn,
      clientDefault: client.credentials.token_expires_in,
      jwtExpiresAt: jwtExpiresAt(input.accessToken),
      sentAt: now,
      hasRefreshToken,
    });
    const seconds = input.expiresIn ?? lifetime;
    const expiresAt = input.expiresAt ?? (seconds === null ? null : now + seconds * 1000);
    const { id, workspaceId, userId, name, additionalParams, fields } = input;
    const blank = blankSecret(
      { id, workspaceId, authClientId: client.id, userId, name, additionalParams, fields },
      now,
    );
    return withNewGrant(blank, { issuedAt: now, expiresAt, hasRefreshToken, arrivedAt: null }, client);
  }
}
