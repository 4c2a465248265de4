/** What a row of the table is: something that is measured, and what must hold of it. */

import type { Provider } from "../provider-process.ts";
import type { Tenant } from "../tenant.ts";
import type { Plan, World } from "../world.ts";

/** What a row has to measure with. */
export interface Stage {
  provider: Provider;
  rounds: number;
  seconds: number;
  /** Whatever takes minutes is done in full. */
  isLong: boolean;
  /** Starts a service of the row's own, with a tenant in it. It is stopped when the row is done. */
  open(plan?: Partial<Plan>): Promise<Scene>;
  /** Does what is measured: with `--profile`, under the profiler the first time. */
  during<T>(scene: Scene, work: () => Promise<T>): Promise<T>;
  /** Says in the terminal how far it is. */
  say(progress: string): void;
}

export interface Scene {
  world: World;
  tenant: Tenant;
}

/** What came of it. */
export interface Outcome {
  /** What was measured, in words: `4,100/s (3,900–4,200)`. */
  figure: string;
  /** What it is held against, in words; null where there is none. */
  floor: string | null;
  holds: boolean;
  /** Why it does not hold, or what else is worth knowing. */
  notes: string[];
  /** The same for programs. */
  numbers: Record<string, number>;
}

export interface Row {
  /** For `--only`. */
  name: string;
  measure: string;
  mustHold: string;
  run(stage: Stage): Promise<Outcome>;
}
