/** Something to delete: places with secrets, consent flows, clients and keys on every level. And a look at what is left of it. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { SecretActor } from "../../src/secret-actor/actor.ts";
import { actorOf, call, newWorkspace } from "./api.ts";
import { type Holder, newKey, newPlace } from "./keys.ts";

export type Level = "tenant" | "contract" | "workspace";

/** A place with everything around it, narrowest first. */
export type Around = { level: Level; id: string }[];

/** Something that was made, and where. */
export interface Made<T> {
  around: Around;
  it: T;
}

const URI = "https://provider.example.com/";
const OAUTH2 = { client_id: "a", client_secret: "b", auth_uri: URI, token_uri: URI, refresh_token_uri: URI };

const related = (type: string, id: string) => ({ [type.replace("-", "_")]: { data: { id, type } } });

/** Posts a document and gives the resource that it makes. */
export async function make(path: string, data: object) {
  const { status, body } = await call("POST", path, { data });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.data;
}

/** Makes a client for a place, or for everybody. */
export async function makeClient(type: "oauth2" | "basic", [place]: Around): Promise<string> {
  const attributes = { type, name: "x", credentials: type === "oauth2" ? OAUTH2 : {} };
  const relationships = place === undefined ? {} : related(place.level, place.id);
  return (await make("/v2/auth-clients", { type: "auth-client", attributes, relationships })).id;
}

/** Makes a secret, one of type `oauth2` with an alarm. Gives its path. */
export async function makeSecret(workspace: string, client: string, type: "oauth2" | "basic"): Promise<string> {
  const tokens = { access_token: "a", refresh_token: "r", expires_in: 3600 };
  const made = await make(`/v2/workspaces/${workspace}/secrets`, {
    type: "auth-secret",
    attributes: { name: "x", credentials: type === "oauth2" ? tokens : { username: "u", password: "p" } },
    relationships: related("auth-client", client),
  });
  return made.links.self;
}

/** Starts a consent flow that nobody has answered. */
export async function makeFlow(workspace: string, client: string) {
  return await make(`/v2/workspaces/${workspace}/authorizations`, {
    type: "authorization",
    attributes: { name: "x", scopes: [] },
    relationships: related("auth-client", client),
  });
}

/** Two tenants with contracts and workspaces, and a workspace that is not registered. */
export class Estate {
  readonly secrets: Made<string>[] = [];
  readonly flows: Made<{ id: string; self: string; connectUrl: string; secretId: string }>[] = [];
  readonly clients: Made<string>[] = [];
  readonly keys: Made<Holder>[] = [];
  readonly workspaces: Around[] = [];
  /** The first of each level: what is to be deleted. */
  readonly first: Record<Level, string>;

  private constructor(first: Record<Level, string>) {
    this.first = first;
  }

  /** @param sizes how many secrets are in: the first workspace, its sibling, one of another contract of the first tenant. */
  static async create(sizes: [number, number, number]): Promise<Estate> {
    const id = () => `id-${crypto.randomUUID()}`;
    const estate = new Estate({ tenant: id(), contract: id(), workspace: id() });
    const tenant: Around = [{ level: "tenant", id: estate.first.tenant }];
    const contract: Around = [{ level: "contract", id: estate.first.contract }, ...tenant];
    const second: Around = [{ level: "contract", id: id() }, ...tenant];
    const otherTenant: Around = [{ level: "tenant", id: id() }];
    const other: Around = [{ level: "contract", id: id() }, ...otherTenant];
    for (const around of [tenant, otherTenant, contract, second, other]) await estate.#register(around);
    const [inFirst, inSibling, inSecond] = sizes;
    await estate.#settle([{ level: "workspace", id: estate.first.workspace }, ...contract], inFirst);
    await estate.#settle([{ level: "workspace", id: id() }, ...contract], inSibling);
    await estate.#settle([{ level: "workspace", id: id() }, ...second], inSecond);
    await estate.#settle([{ level: "workspace", id: id() }, ...other], 2);
    await estate.#settle([{ level: "workspace", id: newWorkspace() }], 2);
    return estate;
  }

  /** What was made in a place, or beside it. */
  split<T>(made: Made<T>[], level: Level): { within: T[]; beside: T[] } {
    const isWithin = ({ around }: Made<T>) => around.some(({ id }) => id === this.first[level]);
    const [within, beside] = [made.filter(isWithin), made.filter((each) => !isWithin(each))];
    return { within: within.map(({ it }) => it), beside: beside.map(({ it }) => it) };
  }

  async #register(around: Around): Promise<void> {
    const [place, parent] = around;
    if (place === undefined) return;
    await newPlace(place.level, place.id, parent);
    await this.#furnish(around);
  }

  async #furnish(around: Around): Promise<void> {
    for (const type of ["oauth2", "basic"] as const) this.clients.push({ around, it: await makeClient(type, around) });
    this.keys.push({ around, it: await newKey(["workspaces.auth_secret.get"], around[0]) });
  }

  /** Fills a workspace; the clients are in turn its own and those of what contains it. */
  async #settle(around: Around, secrets: number): Promise<void> {
    const [{ id: workspace }, ...outer] = around as [Around[number], ...Around];
    if (outer.length > 0) await this.#register(around);
    else await this.#furnish(around);
    this.workspaces.push(around);
    const usable = this.clients.filter((client) => around.some(({ id }) => client.around[0]?.id === id));
    const clients = usable.map(({ it }, index) => ({ it, type: index % 2 === 0 ? "oauth2" : "basic" }) as const);
    const nth = (index: number) => clients[index % clients.length] ?? { it: "", type: "basic" as const };
    const indices = Array.from({ length: secrets }, (_, index) => index);
    const made = await Promise.all(indices.map((index) => makeSecret(workspace, nth(index).it, nth(index).type)));
    this.secrets.push(...made.map((it) => ({ around, it })));
    for (let index = 0; index < 3; index++) {
      const { id, links, attributes } = await makeFlow(workspace, nth(index * 2).it);
      const row = await env.DB.prepare("SELECT secret_id FROM authorizations WHERE id = ?")
        .bind(id)
        .first<string>("secret_id");
      this.flows.push({
        around,
        it: {
          id,
          self: links.self,
          connectUrl: attributes.connect_url,
          secretId: `/v2/workspaces/${workspace}/secrets/${row}`,
        },
      });
    }
  }
}

/** When each place was made, as far as a test asked while it was there. */
const known = new Map<string, number>();

/** When a place was made, also when it is gone since. */
export async function createdAtOf(level: Level, id: string): Promise<number> {
  const find = env.DB.prepare("SELECT created_at FROM places WHERE level = ? AND id = ?").bind(level, id);
  const createdAt = (await find.first<number>("created_at")) ?? known.get(`${level}/${id}`);
  if (createdAt === undefined) throw new Error("There was no such place.");
  known.set(`${level}/${id}`, createdAt);
  return createdAt;
}

/** The object of a deletion. */
export async function jobOf(level: Level, id: string): Promise<DurableObjectStub> {
  return env.JOBS.get(env.JOBS.idFromName(`remove/${level}/${id}/${await createdAtOf(level, id)}`));
}

/** What an object holds: how many entries, and its alarm. */
export async function contentOf(stub: DurableObjectStub): Promise<[entries: number, alarm: number | null]> {
  return await runInDurableObject(stub, async (_, { storage }) => [
    (await storage.list()).size,
    await storage.getAlarm(),
  ]);
}

export const EMPTY: [number, null] = [0, null];

/** Lets a job's alarms ring until nothing is left of it. */
export async function finish(job: DurableObjectStub): Promise<void> {
  while ((await contentOf(job))[0] > 0) {
    // One that is ringing by itself is waited for.
    if (!(await runDurableObjectAlarm(job))) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Everything that D1 holds, as text. */
export async function allRows(): Promise<string> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
  ).all<{ name: string }>();
  // That something was deleted, and by whom, is what is to be left of it.
  const sqlOf = (name: string) =>
    `SELECT * FROM ${name}${name === "events" ? " WHERE event NOT GLOB '*.deleted'" : ""}`;
  const tables = await Promise.all(results.map(({ name }) => env.DB.prepare(sqlOf(name)).all()));
  return JSON.stringify(tables.map((table) => table.results));
}

/** What the objects of secrets hold; the paths of those that hold anything. */
export async function leftOf(paths: string[]): Promise<string[]> {
  const left = await Promise.all(
    paths.map(async (path) => {
      const [entries, alarm] = await contentOf(actorOf(path));
      return entries > 0 || alarm !== null ? [`${path}: ${entries} entries, alarm ${alarm}`] : [];
    }),
  );
  return left.flat();
}

/** Deletes a place and gives the status. */
export async function remove(level: Level, id: string): Promise<number> {
  await createdAtOf(level, id);
  return (await call("DELETE", `/v2/${level}s/${id}`)).status;
}

/** A document that makes a secret of type `oauth2`. */
export function secretDocument(client: string) {
  return {
    data: {
      type: "auth-secret",
      attributes: { name: "x", credentials: { access_token: "a", refresh_token: "r", expires_in: 3600 } },
      relationships: { auth_client: { data: { id: client, type: "auth-client" } } },
    },
  };
}

/** Lets actors fail to be cleared: all of them, or those of some secrets. `asked` are those that were, each time. */
export function breakActors(...paths: string[]) {
  const clear: (this: SecretActor) => ReturnType<SecretActor["clear"]> = Reflect.get(SecretActor.prototype, "clear");
  const broken = new Set(paths.map((path) => String(actorOf(path).id)));
  const asked: string[] = [];
  async function breaking(this: SecretActor): ReturnType<SecretActor["clear"]> {
    const id = String((this as unknown as { ctx: DurableObjectState }).ctx.id);
    if (broken.size > 0 && !broken.has(id)) return await clear.call(this);
    asked.push(id);
    throw new Error("this actor is broken");
  }
  const spy = vi.spyOn(SecretActor.prototype, "clear").mockImplementation(breaking);
  return { asked, mend: () => spy.mockRestore() };
}
