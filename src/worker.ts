/** The front door of the Worker: wiring only. */

import type { Env } from "./bindings.ts";
import { createApp } from "./http/app.ts";
import { sweep } from "./jobs/stub.ts";
import { fetchJwks } from "./outbound/jwks.ts";

export { BudgetActor } from "./budget/budget-actor.ts";
export { JobActor } from "./jobs/job-actor.ts";
export { SecretActor } from "./secret-actor/actor.ts";

const app = createApp({ fetchJwks });

export default {
  fetch: app.fetch,
  scheduled: async (_, env) => await sweep(env, crypto.randomUUID()),
} satisfies ExportedHandler<Env>;
