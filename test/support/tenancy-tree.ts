/**
 * A setting for questions of permission: two tenants with two contracts each and two workspaces in each of those, and a workspace that
 * nobody registered. It makes things anywhere in it with the root key, knows everything that is there, and has keys to any part of it.
 */

import { type Answer, call } from "./api.ts";

export const LEVELS = ["global", "tenant", "contract", "workspace"] as const;
export type Level = (typeof LEVELS)[number];

/** How the names of permissions begin. */
export const PLURAL: Record<Level, string> = {
  global: "global",
  tenant: "tenants",
  contract: "contracts",
  workspace: "workspaces",
};

export interface Place {
  /** How tests call it. */
  name: string;
  level: Level;
  id: string;
  /** What it lies in. */
  around: Place | null;
}

export type Kind = "auth-client" | "auth-secret" | "authorization" | "api-key" | Exclude<Level, "global">;

export interface Thing {
  kind: Kind;
  id: string;
  place: Place;
}

/** No id of anything. */
const NOBODY = "00000000-0000-4000-8000-000000000000";
/** Every client's secret: it must never be seen. */
export const CLIENT_SECRET = "sentinel-client-secret";

export const EVERYWHERE: Place = { name: "everywhere", level: "global", id: "", around: null };
const within = (around: Place, level: Level, name: string): Place => ({
  name,
  level,
  id: `${name}-${crypto.randomUUID()}`,
  around,
});

export const A = within(EVERYWHERE, "tenant", "A");
export const A1 = within(A, "contract", "A1");
export const A1a = within(A1, "workspace", "A1a");
export const A1b = within(A1, "workspace", "A1b");
export const A2 = within(A, "contract", "A2");
export const A2a = within(A2, "workspace", "A2a");
export const A2b = within(A2, "workspace", "A2b");
export const B = within(EVERYWHERE, "tenant", "B");
export const B1 = within(B, "contract", "B1");
export const B1a = within(B1, "workspace", "B1a");
export const B1b = within(B1, "workspace", "B1b");
export const B2 = within(B, "contract", "B2");
export const B2a = within(B2, "workspace", "B2a");
export const B2b = within(B2, "workspace", "B2b");
/** Is in use, and registered nowhere. */
export const ALONE = within(EVERYWHERE, "workspace", "alone");

const REGISTERED = [A, A1, A1a, A1b, A2, A2a, A2b, B, B1, B1a, B1b, B2, B2a, B2b];
export const PLACES = [EVERYWHERE, ...REGISTERED, ALONE];

/** Decides whether a place is the inner one or lies around it. */
export function contains(outer: Place, inner: Place): boolean {
  return outer.id === inner.id || (inner.around !== null && contains(outer, inner.around));
}

/** A place of the same level that is not there at all. */
export function nowhere({ level }: Place): Place {
  return level === "global" ? EVERYWHERE : { name: "nowhere", level, id: NOBODY, around: null };
}

/** A thing of the same kind that is not there at all. */
export function nothing<T extends { id: string }>(thing: T): T {
  return { ...thing, id: NOBODY };
}

/** The path of a thing, or of the list of its kind. */
export function pathOf({ kind, place, id }: Thing): string {
  const collection =
    kind === "auth-secret"
      ? `/v2/workspaces/${place.id}/secrets`
      : kind === "authorization"
        ? `/v2/workspaces/${place.id}/authorizations`
        : `/v2/${kind}s`;
  return id === "" ? collection : `${collection}/${id}`;
}

/** What is there, and who may ask. */
export class TenancyTree {
  readonly #things = new Map<string, Thing>();
  readonly #keys = new Map<string, Promise<Record<string, string>>>();
  /** What tests ask about, by kind and place. */
  readonly #first = new Map<string, Thing>();

  /** Makes the setting: everywhere a client, in every workspace a secret and a consent flow. */
  static async create(): Promise<TenancyTree> {
    const tree = new TenancyTree();
    for (const level of LEVELS) {
      const ofLevel = REGISTERED.filter((place) => place.level === level);
      await Promise.all(ofLevel.map((place) => tree.make(place.level as Kind, place)));
    }
    await Promise.all(PLACES.map((place) => tree.make("auth-client", place)));
    const workspaces = PLACES.filter(({ level }) => level === "workspace");
    await Promise.all(
      PLACES.map((place) => tree.make("api-key", place)).concat(
        workspaces.flatMap((place) => [tree.make("auth-secret", place), tree.make("authorization", place)]),
      ),
    );
    return tree;
  }

  /** Finds the one of its kind that was made first in a place; nowhere there is nothing. */
  thing(kind: Kind, place: Place): Thing {
    if (place.id === NOBODY) return { kind, place, id: NOBODY };
    const found = this.#first.get(`${kind} ${place.id}`);
    if (found === undefined) throw new Error(`There is no ${kind} in ${place.name}`);
    return found;
  }

  /** The ids of what is there, sorted. */
  idsOf(kind: Kind, isMeant: (place: Place) => boolean): string[] {
    const meant = [...this.#things.values()].filter((thing) => thing.kind === kind && isMeant(thing.place));
    return meant.map(({ id }) => id).toSorted();
  }

  placeOf(id: string): Place | undefined {
    return this.#things.get(id)?.place;
  }

  /** Makes a thing with the root key. A place that is made is the thing itself. */
  async make(kind: Kind, place: Place): Promise<Thing> {
    const id = isPlace(kind) ? place.id : "";
    const answer = await call("POST", pathOf({ kind, place, id: "" }), this.newDocument(kind, place, "Made", id));
    if (answer.status !== 201) throw new Error(`${kind} in ${place.name}: ${JSON.stringify(answer.body)}`);
    return this.note(kind, place, answer);
  }

  /** Makes another like this one: in the same place, or when it is a place, beside it. */
  async makeAnother({ kind, place }: Thing): Promise<Thing> {
    if (!isPlace(kind)) return await this.make(kind, place);
    return await this.make(kind, within(place.around ?? EVERYWHERE, kind, "another"));
  }

  /** Remembers what an answer says was made there. */
  note(kind: Kind, at: Place, { body }: Answer): Thing {
    const id = String(body.data.id);
    const place = isPlace(kind) && id !== at.id ? { ...within(at, kind, "made"), id } : at;
    const thing = { kind, place, id };
    this.#things.set(thing.id, thing);
    const name = `${kind} ${place.id}`;
    if (!this.#first.has(name)) this.#first.set(name, thing);
    return thing;
  }

  /** Forgets what was deleted, and what was in it. */
  forget({ id }: Thing): void {
    for (const [other, { place }] of this.#things) if (other === id || place.id === id) this.#things.delete(other);
  }

  /** What a POST sends to make one there. A place's own id may be given, `place` is then itself; else it is made in `place`. */
  newDocument(kind: Kind, place: Place, name: string, id = ""): object {
    const around = id === "" ? place : (place.around ?? EVERYWHERE);
    const client = { auth_client: { data: { id: this.#clientFor(kind), type: "auth-client" } } };
    const inPlace =
      around.level === "global" ? {} : { [around.level]: { data: { id: around.id, type: around.level } } };
    const relationships = kind === "auth-secret" || kind === "authorization" ? client : inPlace;
    return {
      data: { type: kind, ...(id !== "" && { id }), attributes: { name, ...NEW_ATTRIBUTES[kind] }, relationships },
    };
  }

  /** The Authorization header of a key with this scope and these permissions. */
  async keyFor(scope: Place, permissions: string[]): Promise<Record<string, string>> {
    const name = `${scope.id} ${permissions.toSorted().join(" ")}`;
    const known = this.#keys.get(name) ?? this.#makeKey(scope, permissions);
    this.#keys.set(name, known);
    return await known;
  }

  async #makeKey(scope: Place, permissions: string[]): Promise<Record<string, string>> {
    const sent = this.newDocument("api-key", scope, "Principal") as { data: { attributes: object } };
    Object.assign(sent.data.attributes, { permissions });
    const answer = await call("POST", "/v2/api-keys", sent);
    if (answer.status !== 201) throw new Error(`key for ${scope.name}: ${JSON.stringify(answer.body)}`);
    this.note("api-key", scope, answer);
    return { authorization: `Bearer ${answer.body.data.attributes.key}` };
  }

  /** Everybody's client: it can be used in every workspace. */
  #clientFor(kind: Kind): string {
    return kind === "auth-secret" || kind === "authorization" ? this.thing("auth-client", EVERYWHERE).id : "";
  }
}

function isPlace(kind: Kind): kind is Exclude<Level, "global"> {
  return kind === "tenant" || kind === "contract" || kind === "workspace";
}

/** The attributes of new things besides their names. No secret here has a refresh token, so no provider is ever called. */
const NEW_ATTRIBUTES: Record<Kind, object> = {
  "auth-client": {
    type: "oauth2",
    credentials: {
      client_id: "id",
      client_secret: CLIENT_SECRET,
      // Nobody listens there: who looks whether somebody does hears so at once.
      auth_uri: "http://127.0.0.1:1/authorize",
      token_uri: "http://127.0.0.1:1/token",
      refresh_token_uri: "http://127.0.0.1:1/token",
    },
  },
  "auth-secret": { credentials: { access_token: "an access token" } },
  authorization: { scopes: [] },
  "api-key": { permissions: [] },
  tenant: {},
  contract: {},
  workspace: {},
};
