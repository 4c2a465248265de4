/** The typed door to a secret's actor, and the only way to it: a fresh stub for each call, failures thrown again. */

import type { Env } from "../bindings.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import { ServiceError } from "../errors.ts";
import { inTime } from "../time-limit.ts";
import type { Answer, Door } from "./door.ts";
import { dropCopies, type SecretPath } from "./token-cache.ts";

export type { AuthorizationView, Question } from "./door.ts";

/** The door with its failures thrown as `ServiceError`. */
export type SecretStub = {
  [Method in keyof Door]: (
    input: Parameters<Door[Method]>[0],
  ) => Promise<Exclude<Awaited<ReturnType<Door[Method]>>, string> extends Answer<infer T> ? T : never>;
};

/** Every method of the door, whether asking twice does no harm, and whether copies of the token are outdated by it. */
const METHODS: Record<keyof Door, { repeatable: boolean; outdates?: boolean }> = {
  create: { repeatable: false },
  read: { repeatable: true },
  readToken: { repeatable: true },
  change: { repeatable: false, outdates: true },
  history: { repeatable: true },
  clientChanged: { repeatable: true },
  inspect: { repeatable: true },
  rewrap: { repeatable: true },
  clear: { repeatable: true, outdates: true },
  refresh: { repeatable: true, outdates: true },
  erase: { repeatable: true, outdates: true },
  authorize: { repeatable: false },
  readAuthorization: { repeatable: true },
  describeConsent: { repeatable: true },
  openConsent: { repeatable: true },
  completeConsent: { repeatable: false, outdates: true },
};
const MOST_TRIES = 3;

/**
 * Leads to the actor of one workspace's secret. An id of another workspace leads to an actor that knows no secret, so that what
 * belongs to others does not exist. What changes a token drops its copies here. `patienceMs`: how long an answer may take, where others
 * wait for it.
 */
export function secretStub(env: Env, workspace: WorkspaceId, id: SecretId, patienceMs?: number): SecretStub {
  return new Way(env, { workspace, id }, patienceMs) as unknown as SecretStub;
}

type Actor = Record<string, (input: unknown) => Promise<Answer<unknown> | string>>;

class Way {
  readonly #env: Env;
  readonly #path: SecretPath;
  readonly #patienceMs: number | undefined;

  constructor(env: Env, path: SecretPath, patienceMs: number | undefined) {
    this.#env = env;
    this.#path = path;
    this.#patienceMs = patienceMs;
  }

  static {
    for (const method of Object.keys(METHODS) as (keyof Door)[]) {
      const { repeatable, outdates } = METHODS[method];
      const ask = async function (this: Way, input: unknown): Promise<unknown> {
        const called = this.#call(method, repeatable, input);
        const answer = outdates === true ? this.#thenDrop(called) : called;
        return await (this.#patienceMs === undefined ? answer : inTime(answer, this.#patienceMs, "The actor"));
      };
      Object.defineProperty(Way.prototype, method, { value: ask });
    }
  }

  async #call(method: keyof Door, isRepeatable: boolean, input: unknown): Promise<unknown> {
    const { SECRETS } = this.#env;
    const { workspace, id } = this.#path;
    for (let tries = 1; ; tries++) {
      const actor = SECRETS.get(SECRETS.idFromName(`${workspace}/${id}`)) as unknown as Actor;
      try {
        const answered = await actor[method]?.(input);
        // An actor of before `asText` answers with an object all the same.
        const answer = typeof answered === "string" ? (JSON.parse(answered) as Answer<unknown>) : answered;
        if (answer?.ok === true) return answer.value;
        // The first try was the one that erased it.
        if (method === "erase" && tries > 1 && answer?.failure.code === "not_found") return null;
        if (answer?.ok === false) throw ServiceError.from(answer.failure);
        throw new TypeError(`The actor has no ${method}.`);
      } catch (error) {
        const isWorthIt = (error as { retryable?: boolean }).retryable === true && isRepeatable;
        if (!isWorthIt || tries === MOST_TRIES) throw error;
      }
    }
  }

  async #thenDrop(answer: Promise<unknown>): Promise<unknown> {
    try {
      return await answer;
    } finally {
      // Whether it failed or not: what failed here may have been done there.
      await dropCopies(this.#env, this.#path);
    }
  }
}
