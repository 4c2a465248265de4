/**
 * One Durable Object for each job under way. Its alarm does step after step; what is left to do is stored, so that a process that dies
 * goes on where it was. When the job is done, nothing is left of the object.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../bindings.ts";
import { log } from "../telemetry.ts";
import { type Job, type Left, linesOf, prepare, step, subjectOf } from "./job.ts";

interface JobRecord {
  job: Job;
  startedAt: number;
  /** Once steps have begun, the job is not prepared again: somebody may use the id anew when it ends. */
  isPrepared: boolean;
  /** Since the last step that went well. */
  failures: number;
}

const KEY = "record";
/** The first steps are part of the answer; when they do not end by then, the caller is told that work goes on. */
const FIRST_STEPS_MS = 500;
/** An alarm that rings at once holds back the answer of whoever set it until it has ended. */
const AFTER_ANSWER_MS = 1000;
/** A job that died with its first steps goes on after this. */
const RESUME_MS = 10_000;
/** The platform lets one invocation make 1,000 requests, and a step makes about 50. */
const MOST_STEPS = 16;
const LONGEST_PAUSE_MS = 60_000;

export class JobActor extends DurableObject<Env> {
  /**
   * Starts a job, unless it is under way, and does what is quickly done. True: that was all of it. Rejects when it could not be prepared
   * now; its alarm will try again.
   */
  async start(job: Job): Promise<boolean> {
    const isUnderWay = this.#load() !== undefined;
    if (!isUnderWay) {
      this.#save({ job, startedAt: Date.now(), isPrepared: false, failures: 0 });
    }
    // One that is under way and has lost its alarm, which is what the sweep is there for, has nobody else to wake it.
    if (!isUnderWay || (await this.ctx.storage.getAlarm()) === null) {
      await this.ctx.storage.setAlarm(Date.now() + RESUME_MS);
    }
    await this.#prepare();
    return !isUnderWay && (await this.#work(Date.now() + FIRST_STEPS_MS, AFTER_ANSWER_MS));
  }

  override async alarm(): Promise<void> {
    try {
      await this.#prepare();
    } catch (error) {
      await this.#pause(this.#load()?.job, error);
      return;
    }
    await this.#work(Number.POSITIVE_INFINITY, 0);
  }

  async #prepare(): Promise<void> {
    const before = this.#load();
    if (before === undefined || before.isPrepared) return;
    await prepare(this.env, before.job);
    const record = this.#load();
    if (record !== undefined) this.#save({ ...record, isPrepared: true });
  }

  /** Does some steps, beginning none after `until`, and sets the alarm for the others. True: there are none. */
  async #work(until: number, pauseMs: number): Promise<boolean> {
    for (let steps = 0; steps < MOST_STEPS && Date.now() < until; steps++) {
      const before = this.#load();
      if (before === undefined) return true;
      const left = await step(this.env, before.job).catch((error: unknown): Left => ({
        job: before.job,
        trouble: String(error),
      }));
      if (left === null) {
        await this.ctx.storage.deleteAll();
        for (const line of linesOf(before.job, Date.now() - before.startedAt)) log(line);
        return true;
      }
      if (left.trouble !== null) {
        await this.#pause(left.job, left.trouble);
        return false;
      }
      // The first steps and an alarm may meet; whoever came to the end has removed the record.
      const record = this.#load();
      if (record !== undefined) this.#save({ ...record, job: left.job, failures: 0 });
      if (left.pauseMs !== undefined) {
        await this.ctx.storage.setAlarm(Date.now() + left.pauseMs);
        return false;
      }
    }
    await this.ctx.storage.setAlarm(Date.now() + pauseMs);
    return false;
  }

  /** Sets the alarm for another try, each time later than before. */
  async #pause(job: Job | undefined, trouble: unknown): Promise<void> {
    const record = this.#load();
    if (record === undefined || job === undefined) return;
    const failures = record.failures + 1;
    this.#save({ ...record, job, failures });
    await this.ctx.storage.setAlarm(Date.now() + Math.min(1000 * 2 ** failures, LONGEST_PAUSE_MS));
    log({
      kind: "alert",
      what: `${job.kind}_job_failed`,
      request_id: job.requestId,
      internal: `${subjectOf(job)}: ${String(trouble)}`,
    });
  }

  #load(): JobRecord | undefined {
    return this.ctx.storage.kv.get<JobRecord>(KEY);
  }

  #save(record: JobRecord): void {
    this.ctx.storage.kv.put(KEY, record);
  }
}
