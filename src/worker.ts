/** The front door of the Worker: wiring only. */

import { createApp } from "./http/app.ts";
import { fetchJwks } from "./outbound/jwks.ts";

export { BudgetActor } from "./budget/budget-actor.ts";
export { JobActor } from "./jobs/job-actor.ts";
export { SecretActor } from "./secret-actor/actor.ts";

export default createApp({ fetchJwks });
