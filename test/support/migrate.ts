/** Brings the database of a test file up to date before its first test. */

import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      SECRETS: DurableObjectNamespace;
      JOBS: DurableObjectNamespace;
      BUDGETS: DurableObjectNamespace;
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
