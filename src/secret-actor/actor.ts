/**
 * One Durable Object for each secret: the only owner of its tokens, the only place where they are renewed, and the reason why two
 * callers never race for one refresh token. The methods of the door and the alarm stand here; what they do is in `keeper`.
 */

import { DurableObject } from "cloudflare:workers";
import { type Env, settingsOf } from "../bindings.ts";
import { budgetDoor } from "../budget/stub.ts";
import { digest } from "../domain/digest.ts";
import type { SecretView } from "../domain/secret.ts";
import { toServiceError } from "../errors.ts";
import { revokeTokens } from "../outbound/revocation.ts";
import { sendTokenRequest } from "../outbound/token-endpoint.ts";
import { findAuthClient, noteSecretInUse } from "../store/auth-clients.ts";
import { deleteIndexEntry, putIndexEntry } from "../store/secrets.ts";
import { log } from "../telemetry.ts";
import type { Answer, Ask, Door } from "./door.ts";
import { SecretKeeper } from "./keeper.ts";
import type { Cause, Ports } from "./ports.ts";
import { RecentClients } from "./recent-clients.ts";
import { DurableRecord } from "./record.ts";
import { dropCopies } from "./token-cache.ts";

type Asked<Method extends keyof Door> = Parameters<Door[Method]>[0];
type Answered<Method extends keyof Door> = ReturnType<Door[Method]>;

const POSTPONED_ALARM_MS = 60_000;

const recentClients = new RecentClients();

export class SecretActor extends DurableObject<Env> implements Door {
  #made: SecretKeeper | null = null;

  /** Made when it is first needed, so that what cannot be loaded can still be cleared. */
  get #keeper(): SecretKeeper {
    return (this.#made ??= new SecretKeeper(realPorts(this.ctx, this.env)));
  }

  create(input: Asked<"create">): Promise<Answer<SecretView>> {
    return answer(() => this.#keeper.create(input));
  }

  read(input: Asked<"read">): Promise<Answer<SecretView>> {
    return answer(() => this.#keeper.read(causeOf("read", input), input));
  }

  readToken(input: Asked<"readToken">): Answered<"readToken"> {
    const read = answer(() => this.#keeper.readToken(causeOf("read", input), input.minTtlSeconds));
    return input.asText === true ? read.then((answered) => JSON.stringify(answered)) : read;
  }

  change(input: Asked<"change">): Promise<Answer<SecretView>> {
    return answer(() => this.#keeper.change(input));
  }

  history(): Answered<"history"> {
    return answer(async () => this.#keeper.history());
  }

  clientChanged(): Answered<"clientChanged"> {
    return answer(() => done(this.#keeper.clientChanged()));
  }

  inspect(input: Asked<"inspect">): Answered<"inspect"> {
    return answer(() => this.#keeper.inspect(input));
  }

  rewrap(input: Asked<"rewrap">): Answered<"rewrap"> {
    return answer(() => this.#keeper.rewrap(input));
  }

  clear(): Answered<"clear"> {
    return answer(() => done(this.#clear()));
  }

  refresh(input: Asked<"refresh">): Promise<Answer<SecretView>> {
    return answer(() => this.#keeper.refresh(causeOf("manual", input), input.rejectedVersion));
  }

  erase(input: Asked<"erase">): Answered<"erase"> {
    return answer(() => done(this.#keeper.erase(input)));
  }

  authorize(input: Asked<"authorize">): Answered<"authorize"> {
    return answer(() => this.#keeper.consent.authorize(input));
  }

  readAuthorization(input: Asked<"readAuthorization">): Answered<"readAuthorization"> {
    return answer(async () => this.#keeper.consent.read(input.id));
  }

  describeConsent(input: Asked<"describeConsent">): Answered<"describeConsent"> {
    return answer(() => this.#keeper.consent.describe(input.id));
  }

  openConsent(input: Asked<"openConsent">): Answered<"openConsent"> {
    return answer(() => this.#keeper.consent.open(input.id, input.publicUrl));
  }

  completeConsent(input: Asked<"completeConsent">): Answered<"completeConsent"> {
    return answer(() => this.#keeper.consent.complete(input));
  }

  async #clear(): Promise<void> {
    let keeper: SecretKeeper;
    try {
      keeper = this.#keeper;
    } catch {
      return await new DurableRecord(this.ctx.storage).erase();
    }
    await keeper.clear();
  }

  override async alarm(): Promise<void> {
    let keeper: SecretKeeper;
    try {
      keeper = this.#keeper;
    } catch (error) {
      // A setting that cannot be read, for instance. The platform gives an alarm up after six failures; what is due stays due.
      log({ kind: "alert", what: "alarm_postponed", internal: `${this.ctx.id.toString()}: ${String(error)}` });
      await this.ctx.storage.setAlarm(Date.now() + POSTPONED_ALARM_MS);
      return;
    }
    await keeper.alarm(crypto.randomUUID());
  }
}

function causeOf(trigger: Cause["trigger"], { requestId, principal }: Ask): Cause {
  return { trigger, requestId, principal };
}

async function done(work: Promise<void>): Promise<null> {
  await work;
  return null;
}

async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, failure: toServiceError(error).failure };
  }
}

function realPorts(ctx: DurableObjectState, env: Env): Ports {
  const settings = settingsOf(env);
  const now = () => Date.now();
  return {
    storage: new DurableRecord(ctx.storage),
    now,
    random: () => Math.random(),
    waitFor,
    keepAlive: (promise) => ctx.waitUntil(promise),
    cipher: settings.cipher,
    digest,
    findAuthClient: (id, age) => {
      const find = () => findAuthClient(env.DB, id);
      return age === "recent" ? recentClients.find(id, find) : find();
    },
    sendTokenRequest: (request, timeoutMs) =>
      sendTokenRequest(request, { policy: settings.egress, timeoutMs, now, publicUrl: settings.publicUrl }),
    noteSecretInUse: (client, name) => noteSecretInUse(env.DB, client, name),
    revokeTokens: (revocation, timeoutMs) =>
      revokeTokens(revocation, { policy: settings.egress, timeoutMs, now, publicUrl: settings.publicUrl }),
    budget: budgetDoor(env),
    putIndexEntry: (secret, entry, contract) => putIndexEntry(env.DB, secret, entry, contract),
    deleteIndexEntry: (id) => deleteIndexEntry(env.DB, id),
    tell: async (batch) => void (await env.EVENTS.send(batch)),
    dropCopies: ({ workspaceId, id }) => dropCopies(env, { workspace: workspaceId, id }),
    log,
  };
}

/** Resolves when the promise settles or the time is over. A timer left behind would keep the object awake, and billed. */
async function waitFor(promise: Promise<unknown> | null, timeoutMs: number): Promise<void> {
  let timer: number | null = null;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
  try {
    await Promise.race(promise === null ? [timeout] : [timeout, promise]);
  } finally {
    clearTimeout(timer);
  }
}
