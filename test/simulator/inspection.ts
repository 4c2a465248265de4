/** The sweep of every five minutes: it asks the actors that the index says to look at whether a refresh is overdue, and wakes those where one is. */

import { type Inspection, nextLook } from "../../src/domain/overdue.ts";
import { inspect } from "./caller.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const EVERY_MS = 5 * 60_000;

/** Lets the sweep go round for as long as the world lasts. */
export function startSweep(world: World, secrets: () => readonly SimulatedSecret[]): void {
  world.agenda.after(EVERY_MS, () => {
    for (const secret of secrets()) {
      const checkAt = world.database.index.get(secret.id)?.checkAt;
      if (checkAt != null && checkAt <= world.agenda.now) void look(world, secret, checkAt);
    }
    startSweep(world, secrets);
  });
}

async function look(world: World, secret: SimulatedSecret, checkAt: number): Promise<void> {
  world.touch(secret);
  let inspection: Inspection | null = null;
  await inspect(world, secret, (seen) => (inspection = seen));
  const entry = world.database.index.get(secret.id);
  // An actor that has written since it was asked knows better.
  if (entry?.checkAt !== checkAt) return;
  const next = nextLook(inspection, world.agenda.now, world.random.next());
  world.database.index.set(secret.id, { ...entry, checkAt: next });
}
