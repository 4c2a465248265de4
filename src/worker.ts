/** The front door of the Worker: wiring only. */

import type { Env } from "./bindings.ts";
import { consumeEvents } from "./events/consume.ts";
import { forgetEvents } from "./events/retention.ts";
import { createFront } from "./http/front.ts";
import { refreshIssuers } from "./jobs/issuers.ts";
import { rewrapDaily, sweep } from "./jobs/stub.ts";
import { diagnose } from "./outbound/diagnosis.ts";
import { discover } from "./outbound/discovery.ts";
import { fetchJwks } from "./outbound/jwks.ts";
import { newSigningKey, privateKeyFault } from "./outbound/signing-key.ts";

export { BudgetActor } from "./budget/budget-actor.ts";
export { JobActor } from "./jobs/job-actor.ts";
export { SecretActor } from "./secret-actor/actor.ts";

const outside = { fetchJwks, discover, diagnose, newSigningKey, privateKeyFault };

export default {
  fetch: createFront(outside, async () => {
    const { createApp } = await import("./http/app.ts");
    return () => createApp(outside).fetch;
  }),
  scheduled: async ({ scheduledTime }, env) => {
    const requestId = crypto.randomUUID();
    await Promise.all([
      sweep(env, requestId),
      refreshIssuers(env, discover, requestId),
      forgetEvents(env),
      rewrapDaily(env, scheduledTime, requestId),
    ]);
  },
  queue: consumeEvents,
} satisfies ExportedHandler<Env>;
