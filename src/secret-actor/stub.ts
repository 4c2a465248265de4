/** The typed door to a secret's actor, and the only way to it: a fresh stub for each call, failures thrown again. */

import type { Env } from "../bindings.ts";
import type { SecretId, WorkspaceId } from "../domain/ids.ts";
import { ServiceError } from "../errors.ts";
import type { Answer, Door } from "./door.ts";

/** The door with its failures thrown as `ServiceError`. */
export type SecretStub = {
  [Method in keyof Door]: (
    input: Parameters<Door[Method]>[0],
  ) => Promise<Awaited<ReturnType<Door[Method]>> extends Answer<infer T> ? T : never>;
};

/** Asking these twice does no harm. */
const REPEATABLE: ReadonlySet<keyof Door> = new Set(["read", "refresh", "erase", "readAuthorization"]);
const MOST_TRIES = 3;

/**
 * Leads to the actor of one workspace's secret. An id of another workspace leads to an actor that knows no secret, so that what
 * belongs to others does not exist.
 */
export function secretStub(env: Env, workspace: WorkspaceId, id: SecretId): SecretStub {
  const call = async (method: keyof Door, input: unknown) => {
    for (let tries = 1; ; tries++) {
      const actor = env.SECRETS.get(env.SECRETS.idFromName(`${workspace}/${id}`)) as unknown as Record<
        keyof Door,
        (input: unknown) => Promise<Answer<unknown>>
      >;
      try {
        const answer = await actor[method](input);
        if (answer.ok) return answer.value;
        throw ServiceError.from(answer.failure);
      } catch (error) {
        const retryable = (error as { retryable?: boolean }).retryable === true && REPEATABLE.has(method);
        if (error instanceof ServiceError || !retryable || tries === MOST_TRIES) throw error;
      }
    }
  };
  return new Proxy({} as SecretStub, { get: (_, method) => (input: unknown) => call(method as keyof Door, input) });
}
