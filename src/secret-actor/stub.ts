/** The typed door to a secret's actor, and the only way to it: a fresh stub for each call, failures thrown again. */

import type { Env } from "../bindings.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import { ServiceError } from "../errors.ts";
import { inTime } from "../time-limit.ts";
import type { Answer, Door } from "./door.ts";

export type { AuthorizationView } from "./door.ts";

/** The door with its failures thrown as `ServiceError`. */
export type SecretStub = {
  [Method in keyof Door]: (
    input: Parameters<Door[Method]>[0],
  ) => Promise<Awaited<ReturnType<Door[Method]>> extends Answer<infer T> ? T : never>;
};

/** Every method of the door, and whether asking twice does no harm. */
const METHODS: Record<keyof Door, { repeatable: boolean }> = {
  create: { repeatable: false },
  read: { repeatable: true },
  change: { repeatable: false },
  clientChanged: { repeatable: true },
  inspect: { repeatable: true },
  clear: { repeatable: true },
  refresh: { repeatable: true },
  erase: { repeatable: true },
  authorize: { repeatable: false },
  readAuthorization: { repeatable: true },
  openConsent: { repeatable: true },
  completeConsent: { repeatable: false },
};
const MOST_TRIES = 3;

/**
 * Leads to the actor of one workspace's secret. An id of another workspace leads to an actor that knows no secret, so that what
 * belongs to others does not exist. `patienceMs`: how long an answer may take, where others wait for it.
 */
export function secretStub(env: Env, workspace: WorkspaceId, id: SecretId, patienceMs?: number): SecretStub {
  const call = async (method: string, repeatable: boolean, input: unknown): Promise<unknown> => {
    for (let tries = 1; ; tries++) {
      const actor = env.SECRETS.get(env.SECRETS.idFromName(`${workspace}/${id}`)) as unknown as Record<
        string,
        (input: unknown) => Promise<Answer<unknown>>
      >;
      try {
        const answer = await actor[method]?.(input);
        if (answer?.ok === true) return answer.value;
        // The first try was the one that erased it.
        if (method === "erase" && tries > 1 && answer?.failure.code === "not_found") return null;
        if (answer?.ok === false) throw ServiceError.from(answer.failure);
        throw new TypeError(`The actor has no ${method}.`);
      } catch (error) {
        const isWorthIt = (error as { retryable?: boolean }).retryable === true && repeatable;
        if (!isWorthIt || tries === MOST_TRIES) throw error;
      }
    }
  };
  const methods = Object.entries(METHODS).map(([method, { repeatable }]) => [
    method,
    (input: unknown) => {
      const answer = call(method, repeatable, input);
      return patienceMs === undefined ? answer : inTime(answer, patienceMs, "The actor");
    },
  ]);
  return Object.fromEntries(methods) as SecretStub;
}
