/**
 * One Durable Object for each job under way. Its alarm does step after step; what is left to do is stored, so that a process that dies
 * goes on where it was. When the job is done, nothing is left of the object.
 */

import { DurableObject } from "cloudflare:workers";
import type { Env } from "../bindings.ts";
import { log } from "../telemetry.ts";
import { type Job, prepare, step } from "./job.ts";

interface JobRecord {
  job: Job;
  startedAt: number;
  failures: number;
}

const KEY = "record";
/** The first steps are part of the answer; when they do not suffice, the caller is told that work goes on. */
const FIRST_STEPS = 3;
/** A job that died with its first steps goes on after this. */
const RESUME_MS = 10_000;
/** An alarm works this long at a time. */
const SHIFT_MS = 20_000;
const LONGEST_PAUSE_MS = 60_000;

export class JobActor extends DurableObject<Env> {
  /** Starts a job and does what is quickly done. True: that was all of it. */
  async start(job: Job): Promise<boolean> {
    this.ctx.storage.kv.put(KEY, { job, startedAt: Date.now(), failures: 0 } satisfies JobRecord);
    await this.ctx.storage.setAlarm(Date.now() + RESUME_MS);
    await prepare(this.env, job);
    let left: Job | null = job;
    try {
      for (let steps = 0; left !== null && steps < FIRST_STEPS; steps++) left = await this.#step(left);
      if (left !== null) await this.ctx.storage.setAlarm(Date.now());
    } catch (error) {
      // The alarm that is set already tries again.
      alert(job, error);
    }
    return left === null;
  }

  override async alarm(): Promise<void> {
    const record = this.ctx.storage.kv.get<JobRecord>(KEY);
    if (record === undefined) return;
    try {
      await prepare(this.env, record.job);
      const until = Date.now() + SHIFT_MS;
      let left: Job | null = record.job;
      while (left !== null && Date.now() < until) left = await this.#step(left);
      if (left === null) log({ kind: "job", job: record.job.kind, duration_ms: Date.now() - record.startedAt });
      else await this.ctx.storage.setAlarm(Date.now());
    } catch (error) {
      const failures = record.failures + 1;
      this.ctx.storage.kv.put(KEY, { ...record, failures } satisfies JobRecord);
      await this.ctx.storage.setAlarm(Date.now() + Math.min(1000 * 2 ** failures, LONGEST_PAUSE_MS));
      alert(record.job, error);
    }
  }

  async #step(job: Job): Promise<Job | null> {
    const left = await step(this.env, job);
    const record = this.ctx.storage.kv.get<JobRecord>(KEY);
    if (left === null) await this.ctx.storage.deleteAll();
    else if (record !== undefined) this.ctx.storage.kv.put(KEY, { ...record, job: left, failures: 0 });
    return left;
  }
}

function alert({ kind }: Job, error: unknown): void {
  log({ kind: "alert", what: `${kind}_job_failed`, internal: String(error) });
}
