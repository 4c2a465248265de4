/**
 * B. No lost grant by our hand: what a provider answered is stored, or the loss is reported as one; an older grant never takes the place
 * of a newer; a grant is given up only when its provider takes its refresh token no more; what callers see is what is stored.
 */

import type { ActorRecord } from "../../../src/secret-actor/record.ts";
import type { Call, Outcome } from "../call.ts";
import { causeOf, type Loss } from "../losses.ts";
import type { SimulatedSecret } from "../secret.ts";
import type { Watcher, World } from "../world.ts";

export class NoLostGrant implements Watcher {
  readonly losses: Loss[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  saving(secret: SimulatedSecret, before: ActorRecord | null, after: ActorRecord | null): void {
    if (after?.secret == null) {
      if (after !== null && before?.secret != null) this.#world.breaks("B", secret, "a record lost its secret");
      return;
    }
    if (before === null && secret.isGone) return this.#world.breaks("B", secret, "what was erased came back");
    if (before?.secret == null) return;
    const rise = after.secret.version - before.secret.version;
    if (rise < 0)
      this.#world.breaks("B", secret, `version ${before.secret.version} was overwritten by ${after.secret.version}`);
    if (rise > 1) this.#world.breaks("B", secret, `version ${after.secret.version} follows ${before.secret.version}`);
    if (rise === 0 && before.grant !== after.grant)
      this.#world.breaks("B", secret, "a grant changed without a new version");
    if (rise === 1) this.#checkOrigin(secret, before, before.secret.version, after);
    const isOver = after.secret.trouble?.kind === "needs_reauthorization";
    if (isOver && before.secret.trouble?.kind !== "needs_reauthorization") this.#checkLoss(secret, after);
  }

  settled(secret: SimulatedSecret): void {
    const { now } = this.#world.agenda;
    for (const exchange of secret.exchanges) {
      if (exchange.endedAt !== now || exchange.fate !== "heard" || exchange.heard?.kind !== "granted") continue;
      if (exchange.isStored || exchange.loss !== null) continue;
      if (secret.stored === null || secret.stored.version !== exchange.version)
        exchange.loss = "another grant came first";
      else if (secret.writeRefusedAt === now) exchange.loss = "its answer could not be stored";
      else this.#world.breaks("B", secret, "a provider's answer was not stored");
    }
  }

  answered(secret: SimulatedSecret, call: Call, outcome: Outcome): void {
    if (outcome.kind !== "answered" || outcome.view === null) return;
    const { version, credentials } = outcome.view;
    if (version < (call.stored?.secret?.version ?? 0)) {
      return this.#world.breaks(
        "B",
        secret,
        `a ${call.wish.kind} was shown version ${version}, older than when it came`,
      );
    }
    const token = credentials.kind === "token" ? credentials.accessToken : null;
    if (secret.stored === null || token === null) return;
    if (version !== secret.stored.version || token !== secret.opened(secret.host.stored)?.access_token) {
      this.#world.breaks(
        "B",
        secret,
        `a ${call.wish.kind} was shown version ${version} with ${token}, which is not what is stored`,
      );
    }
  }

  /** A new version is what the provider answered to the one before, or what somebody brought. */
  #checkOrigin(secret: SimulatedSecret, before: ActorRecord, versionBefore: number, after: ActorRecord): void {
    const accessTokenBefore = secret.opened(before)?.access_token;
    const { exchange } = secret.grant ?? { exchange: null };
    const grant = secret.opened(after);
    const token = grant?.refresh_token ?? "none";
    if (exchange === null) {
      if (!secret.brought.has(token)) this.#world.breaks("B", secret, `${token} is stored, which nobody issued for it`);
      return;
    }
    const isKept = secret.grant?.isOverOnArrival === true && grant?.access_token === accessTokenBefore;
    if (exchange.issued?.accessToken !== grant?.access_token && !isKept) {
      this.#world.breaks("B", secret, `${grant?.access_token} is stored, which was not issued with ${token}`);
    }
    if (exchange.version !== versionBefore && !exchange.isCode) {
      this.#world.breaks(
        "B",
        secret,
        `the answer for version ${exchange.version} took the place of version ${versionBefore}`,
      );
    }
    if (exchange.issued !== null && exchange.issued.refreshToken !== token) {
      this.#world.breaks("B", secret, `${token} is stored, but ${exchange.issued.refreshToken} was issued`);
    }
  }

  /** Of some request for the grant that is stored nobody knows what the provider did. */
  #isAnswerMissing(secret: SimulatedSecret): boolean {
    const { grant } = secret;
    if (grant === null || grant.wasInterrupted || secret.writeRefusedAt >= grant.storedAt) return true;
    return secret.exchanges.some(({ isCode, version, heard }) => {
      if (isCode || version !== grant.version) return false;
      return heard?.kind !== "refused" || heard.refusal.class === "ambiguous";
    });
  }

  #checkLoss(secret: SimulatedSecret, after: ActorRecord): void {
    const { now } = this.#world.agenda;
    const reported = after.secret?.trouble?.reason ?? "nothing";
    const { kind, why } = causeOf(secret, now);
    if (kind === "none") return this.#world.breaks("B", secret, `the grant was given up as ${reported}: ${why}`);
    if (kind === "answer lost" && reported !== "lost_rotation") {
      return this.#world.breaks("B", secret, `a loss was reported as ${reported}: ${why}`);
    }
    if (reported === "lost_rotation" && !this.#isAnswerMissing(secret)) {
      return this.#world.breaks("B", secret, `a loss was reported as ${reported}, but every answer was heard: ${why}`);
    }
    this.losses.push({ secret: secret.number, provider: secret.provider.habits.name, at: now, why, reported });
    secret.note(now, `the grant is lost: ${why}`);
  }
}
