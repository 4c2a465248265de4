/** The way to a job: started by name, so that the same work is never under way twice. */

import type { Env } from "../bindings.ts";
import type { AuthClient } from "../domain/auth-client.ts";
import type { NarrowPlace } from "../domain/place.ts";
import { hasCandidates } from "../store/overdue.ts";
import { log } from "../telemetry.ts";
import type { Job } from "./job.ts";
import { newSweep } from "./sweep.ts";

/** The place that a deletion is of, and when it was registered: its id may be somebody else's by the time the job looks. */
interface Doomed {
  place: NarrowPlace;
  createdAt: number;
}

const MOST_TRIES = 3;

/** Removes a place and everything below it, which is unreachable when this returns. True: it is all gone already. */
export async function removePlace(env: Env, { place, createdAt }: Doomed, requestId: string): Promise<boolean> {
  const name = `remove/${place.level}/${place.id}/${createdAt}`;
  return await start(env, name, { kind: "remove", requestId, place, createdAt, passedOver: [] });
}

/** Lets the secrets of a changed auth client that wait for this try again. What goes wrong is told in the log alone. */
export async function wakeSecrets(env: Env, { id, version }: AuthClient, requestId: string): Promise<void> {
  try {
    await start(env, `wake/${id}/${version}`, { kind: "wake", requestId, client: id, after: "", tries: 1 });
  } catch (error) {
    log({ kind: "alert", what: "wake_job_not_started", request_id: requestId, internal: String(error) });
  }
}

/** Looks for overdue refreshes, if there is anything to look at. What goes wrong is told in the log, and the next time is soon. */
export async function sweep(env: Env, requestId: string): Promise<void> {
  try {
    if (await hasCandidates(env.DB, Date.now())) await start(env, "sweep", newSweep(requestId));
  } catch (error) {
    log({ kind: "alert", what: "sweep_not_started", request_id: requestId, internal: String(error) });
  }
}

async function start(env: Env, name: string, job: Job): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const actor = env.JOBS.get(env.JOBS.idFromName(name)) as unknown as { start(job: Job): Promise<boolean> };
    try {
      return await actor.start(job);
    } catch (error) {
      if ((error as { retryable?: boolean }).retryable !== true || tries === MOST_TRIES) throw error;
    }
  }
}
