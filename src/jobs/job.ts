/** Work that is too long for one request, as data: what it is, and how far it has come. Each step does a page of it. */

import type { Env } from "../bindings.ts";
import type { AuthClientId, SecretId } from "../domain/ids.ts";
import type { NarrowPlace } from "../domain/place.ts";
import { secretStub } from "../secret-actor/stub.ts";
import { forgetEventsIn } from "../store/events.ts";
import { findSecretsIn, forgetPlace, forgetSecrets, markRemoved } from "../store/removals.ts";
import { findSecretsInError } from "../store/secrets.ts";
import { noteRewrapStarted } from "../store/rewraps.ts";
import { log, type LogLine } from "../telemetry.ts";
import { type Rewrap, rewrapSome } from "./rewrap.ts";
import { type Sweep, sweepLines, sweepSome } from "./sweep.ts";

/**
 * `remove`: a deleted place, with everything below it, secrets' actors first; those in `passedOver` could not be cleared in this round ·
 * `wake`: the secrets that wait for a change of their auth client, from the one after `after` on · `sweep`: every secret that it is time
 * to look at · `rewrap`: every record that another key has sealed than the ring's first.
 */
export type Job = { requestId: string } & (
  | { kind: "remove"; place: NarrowPlace; createdAt: number; passedOver: SecretId[] }
  | { kind: "wake"; client: AuthClientId; after: string; tries: number }
  | Sweep
  | Rewrap
);

/** What a step leaves to do. `trouble`: why not at once; `pauseMs`: when it is time for it. */
export interface Left {
  job: Job;
  trouble: string | null;
  pauseMs?: number;
}

/** How many actors are called at once. */
const PAGE_SIZE = 50;
/** How many events are removed at once. */
const MOST_EVENTS = 1000;
/** A secret that cannot be woken so often tries again by itself, within the hour. */
const MOST_TRIES = 5;
/** The job's own record has to stay small. */
const MOST_PASSED_OVER = 5000;

/** Prepares a job before its first step; does no harm when done twice before that. */
export async function prepare(env: Env, job: Job): Promise<void> {
  if (job.kind === "remove") await markRemoved(env.DB, job.place, job.createdAt, Date.now());
  if (job.kind === "rewrap") {
    await noteRewrapStarted(env.DB, job.kid, Date.now(), job);
    log({ kind: "job", job: "rewrap_started", subject: job.kid, request_id: job.requestId, duration_ms: 0 });
  }
}

/** Names what a job is about, for the log. */
export function subjectOf(job: Job): string {
  switch (job.kind) {
    case "remove":
      return `${job.place.level}/${job.place.id}`;
    case "wake":
      return `auth-client/${job.client}`;
    case "rewrap":
      return job.kid;
    case "sweep":
      return "secrets";
  }
}

/** What stands in the log when a job is done. */
export function linesOf(job: Job, durationMs: number): LogLine[] {
  if (job.kind === "sweep") return sweepLines(job, durationMs);
  const { kind, requestId } = job;
  return [{ kind: "job", job: kind, subject: subjectOf(job), request_id: requestId, duration_ms: durationMs }];
}

/** Does one step. Gives what is left to do; null when that is nothing. A step that failed or was cut off may be done again. */
export async function step(env: Env, job: Job): Promise<Left | null> {
  switch (job.kind) {
    case "remove":
      return await removeSome(env, job);
    case "wake":
      return await wakeSome(env, job);
    case "rewrap":
      return await rewrapSome(env, job);
    case "sweep": {
      const left = await sweepSome(env, job);
      return left && { job: left, trouble: null };
    }
  }
}

/**
 * Removes what the actors hold, then what the index knows: should this end in between, the next step does it again. An actor that
 * fails holds up nobody but itself: the round goes on without it, and the next begins with it.
 */
async function removeSome(env: Env, job: Job & { kind: "remove" }): Promise<Left | null> {
  const found = await findSecretsIn(env.DB, job.place, job.passedOver, PAGE_SIZE);
  const cleared = await Promise.allSettled(
    found.map(({ workspaceId, id }) => secretStub(env, workspaceId, id).clear({ requestId: job.requestId })),
  );
  const isGone = (_: unknown, index: number) => cleared[index]?.status === "fulfilled";
  const gone = found.filter(isGone).map(({ id }) => id);
  if (gone.length > 0) await forgetSecrets(env.DB, gone);

  const failed = found.map(({ id }) => id).filter((id) => !gone.includes(id));
  const passedOver = [...job.passedOver, ...failed].slice(-MOST_PASSED_OVER);
  const failure = cleared.find((result) => result.status === "rejected");
  const reason = failure === undefined ? "as before" : String(failure.reason);
  const trouble = `${passedOver.length} actors cannot be cleared: ${reason}`;
  const isLast = found.length < PAGE_SIZE;
  if (!isLast) return { job: { ...job, passedOver }, trouble: gone.length > 0 ? null : trouble };
  if (passedOver.length > 0) return { job: { ...job, passedOver: [] }, trouble };
  // The trail of a place can be long, and its id may be somebody else's one day.
  if ((await forgetEventsIn(env.DB, job.place, MOST_EVENTS)) === MOST_EVENTS) return { job, trouble: null };
  await forgetPlace(env.DB, job.place);
  return null;
}

async function wakeSome(env: Env, job: Job & { kind: "wake" }): Promise<Left | null> {
  const secrets = await findSecretsInError(env.DB, job.client, job.after, PAGE_SIZE);
  const woken = await Promise.allSettled(
    secrets.map(({ workspaceId, id }) => secretStub(env, workspaceId, id).clientChanged({ requestId: job.requestId })),
  );
  const failure = woken.find((result) => result.status === "rejected");
  if (failure !== undefined && job.tries < MOST_TRIES) {
    return { job: { ...job, tries: job.tries + 1 }, trouble: String(failure.reason) };
  }
  const last = secrets.at(-1);
  if (last === undefined || secrets.length < PAGE_SIZE) return null;
  return { job: { ...job, after: last.id, tries: 1 }, trouble: null };
}
