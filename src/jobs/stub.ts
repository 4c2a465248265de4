/** The way to a job: started by name, so that the same work is never under way twice. */

import type { Env } from "../bindings.ts";
import type { AuthClient } from "../domain/auth-client.ts";
import type { NarrowPlace } from "../store/places.ts";
import type { Job } from "./job.ts";

/** Removes a place and everything below it, which is unreachable when this returns. True: it is all gone already. */
export async function removePlace(env: Env, place: NarrowPlace): Promise<boolean> {
  return await start(env, `remove/${place.level}/${place.id}`, { kind: "remove", place, passedOver: [] });
}

/** Lets the secrets of a changed auth client that wait for this try again. */
export async function wakeSecrets(env: Env, { id, version }: AuthClient): Promise<void> {
  await start(env, `wake/${id}/${version}`, { kind: "wake", client: id, after: "" });
}

async function start(env: Env, name: string, job: Job): Promise<boolean> {
  const actor = env.JOBS.get(env.JOBS.idFromName(name)) as unknown as { start(job: Job): Promise<boolean> };
  return await actor.start(job);
}
