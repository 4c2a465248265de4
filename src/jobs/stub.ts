/** The way to a job: started by name, so that the same work is never under way twice. */

import { type Env, settingsOf } from "../bindings.ts";
import type { AuthClient } from "../domain/auth-client.ts";
import type { NarrowPlace } from "../domain/place.ts";
import { hasCandidates } from "../store/overdue.ts";
import { findRewrap, isAnyUnderOthers } from "../store/rewraps.ts";
import { log } from "../telemetry.ts";
import type { Job } from "./job.ts";
import { newRewrap } from "./rewrap.ts";
import { newSweep } from "./sweep.ts";

/** The place that a deletion is of, and when it was registered: its id may be somebody else's by the time the job looks. */
interface Doomed {
  place: NarrowPlace;
  createdAt: number;
}

const MOST_TRIES = 3;
const DAY_MS = 86_400_000;
/** Of the cron trigger. */
const BETWEEN_RUNS_MS = 300_000;

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

/** Begins to bring all records under the ring's first key, or joins whoever does. @throws {ServiceError} `storage_integrity` */
export async function rewrap(env: Env, requestId: string): Promise<void> {
  const [kid] = settingsOf(env).kids();
  await start(env, `rewrap/${kid}`, newRewrap(kid, requestId));
}

/**
 * Once a day, as it looks at everything: does anything need another key? Then it is brought under the first; and what was begun goes on. What
 * goes wrong is told in the log, and the next day comes. `at`: for when this run of the cron trigger was planned.
 */
export async function rewrapDaily(env: Env, at: number, requestId: string): Promise<void> {
  if (at % DAY_MS >= BETWEEN_RUNS_MS) return;
  try {
    const [kid] = settingsOf(env).kids();
    const begun = await findRewrap(env.DB, kid);
    const isUnderWay = begun !== null && begun.state !== "finished";
    if (isUnderWay || (await isAnyUnderOthers(env.DB, kid))) await rewrap(env, requestId);
  } catch (error) {
    log({ kind: "alert", what: "rewrap_not_started", request_id: requestId, internal: String(error) });
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
