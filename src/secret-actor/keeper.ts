/**
 * Keeps one secret: answers reads, renews, follows consent flows, erases. Everything that touches the world comes in through
 * `Ports`, so that the same code runs in a Durable Object and in a simulator. Throws `ServiceError`; `actor` makes data of it.
 */

import { lifetimeSeconds } from "../domain/oauth2/response.ts";
import { canRefresh, isDue, isFresh, isServable, unavailable, withNewGrant } from "../domain/refresh-schedule.ts";
import type { Grant, Secret, SecretView } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import { jwtExpiresAt } from "../outbound/token-endpoint.ts";
import { openAuthClient } from "../store/auth-clients.ts";
import { Consent } from "./consent.ts";
import type { NewSecret } from "./door.ts";
import { Memory } from "./memory.ts";
import type { Ports } from "./ports.ts";
import { type Cause, Refresher } from "./refresh.ts";

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
      authorizations: [],
    });
    try {
      await this.#memory.publish();
    } catch (error) {
      await this.#ports.deleteIndexEntry(input.id).catch(() => undefined);
      await this.#memory.erase();
      throw error;
    }
    return await this.#memory.view();
  }

  /** Answers with a token that is valid, renewed first where less than `minTtlSeconds` are left. */
  async read(cause: Cause, minTtlSeconds: number, requireToken: boolean): Promise<SecretView> {
    await this.#refresher.prepareRead(cause, minTtlSeconds);
    const { secret } = this.#memory;
    const now = this.#ports.now();
    if (requireToken && !isServable(secret, now)) throw unavailable(secret, now);
    return await this.#memory.view();
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

  /** Removes the secret: from the index first, so that a failure leaves it whole. */
  async erase(): Promise<void> {
    const { id } = this.#memory.secret;
    await this.#ports.deleteIndexEntry(id);
    await this.#memory.erase();
  }

  /** Does what is due. Rejects for nothing but broken storage, and always leaves an alarm where one is needed. */
  async alarm(requestId: string): Promise<void> {
    if (!(await this.consent.expire())) return;
    const secret = this.#memory.record?.secret;
    if (secret && isDue(secret, this.#ports.now()) && canRefresh(secret)) {
      await this.#refresher.attempt({ trigger: "alarm", requestId });
    } else {
      await this.#memory.publishQuietly();
    }
    await this.#memory.rearm();
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
    const expiresAt = input.expiresAt ?? (lifetime === null ? null : now + lifetime * 1000);
    const blank: Secret = {
      id: input.id,
      workspaceId: input.workspaceId,
      authClientId: client.id,
      userId: input.userId,
      type: "oauth2",
      name: input.name,
      additionalParams: input.additionalParams,
      fields: input.fields,
      createdAt: now,
      version: 0,
      issuedAt: now,
      expiresAt,
      hasRefreshToken,
      lastRefreshedAt: null,
      refreshAt: null,
      attempt: null,
      trouble: null,
    };
    return withNewGrant(blank, { issuedAt: now, expiresAt, hasRefreshToken }, client);
  }
}
