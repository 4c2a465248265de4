/** D1 as the actors meet it: auth clients and the index, slow or silent when a fault strikes. A failed write may have been done all the same. */

import type { AuthClientId, SecretId } from "../../src/domain/ids.ts";
import type { SealedAuthClient } from "../../src/store/auth-clients.ts";
import type { IndexEntry } from "../../src/store/secrets.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

/** What becomes of one statement. */
type Course = "at once" | "failing" | "silent" | number;

export class Database {
  readonly clients = new Map<AuthClientId, SealedAuthClient>();
  readonly index = new Map<SecretId, IndexEntry>();

  async findClient(world: World, secret: SimulatedSecret, id: AuthClientId): Promise<SealedAuthClient | null> {
    return await this.#run(world, secret, () => this.clients.get(id) ?? null);
  }

  async put(world: World, secret: SimulatedSecret, entry: IndexEntry): Promise<void> {
    await this.#run(world, secret, () => void this.index.set(secret.id, entry));
  }

  async remove(world: World, secret: SimulatedSecret): Promise<void> {
    await this.#run(world, secret, () => void this.index.delete(secret.id));
  }

  async #run<T>(world: World, secret: SimulatedSecret, statement: () => T): Promise<T> {
    const course = courseOf(world, secret);
    if (course === "silent") {
      if (world.random.chance(0.5)) statement();
      return await new Promise<never>(() => undefined);
    }
    if (course === "failing") {
      await world.agenda.pause(world.random.between(1, 2000));
      if (world.random.chance(0.3)) statement();
      throw new Error("D1 is down");
    }
    if (course !== "at once") await world.agenda.pause(course);
    return statement();
  }
}

function courseOf(world: World, secret: SimulatedSecret): Course {
  const course = troubleOf(world, secret);
  if (course !== null) {
    secret.databaseStruckAt = world.agenda.now;
    return course;
  }
  return world.random.chance(0.3) ? world.random.between(2, 60) : "at once";
}

function troubleOf(world: World, secret: SimulatedSecret): Course | null {
  if (world.strikes("database failing", secret)) return "failing";
  if (world.strikes("database silent", secret)) return "silent";
  return world.strikes("database slow", secret) ? world.random.between(500, 12_000) : null;
}
