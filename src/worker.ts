/** The front door of the Worker: wiring only. */

import { createApp } from "./http/app.ts";

export { SecretActor } from "./secret-actor/actor.ts";

export default createApp();
