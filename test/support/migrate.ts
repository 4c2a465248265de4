/** Brings the database of a test file up to date before its first test, and lets the jobs end that its last ones started. */

import { applyD1Migrations, type D1Migration, listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll } from "vitest";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      SECRETS: DurableObjectNamespace;
      JOBS: DurableObjectNamespace;
      BUDGETS: DurableObjectNamespace;
      EVENTS: Queue;
      /** Lets three a minute through. */
      THREE: RateLimit;
      ROOT_API_KEY: string;
      ENCRYPTION_KEYS: string;
      MIGRATIONS: D1Migration[];
    }
    interface GlobalProps {
      mainModule: typeof import("../../src/worker.ts");
    }
  }
}

await applyD1Migrations(env.DB, env.MIGRATIONS);

const PAUSE_MS = 20;
const MOST_PAUSES = 1000;

/** A test file whose objects are at work when it ends may never be reported as ended. */
afterAll(async () => {
  const jobs = (await listDurableObjectIds(env.JOBS)).map((id) => env.JOBS.get(id));
  for (let pauses = 0; pauses < MOST_PAUSES; pauses++) {
    const areAtWork = await Promise.all(jobs.map((job) => isAtWork(job).catch(() => false)));
    if (!areAtWork.includes(true)) return;
    await new Promise((go) => setTimeout(go, PAUSE_MS));
  }
});

/** Inside its alarm an object has none; one that rests after a failure has one that is further away. */
async function isAtWork(job: DurableObjectStub): Promise<boolean> {
  return await runInDurableObject(job, async (_, { storage }) => {
    const alarm = await storage.getAlarm();
    return storage.kv.get("record") !== undefined && (alarm ?? 0) <= Date.now() + PAUSE_MS;
  });
}
