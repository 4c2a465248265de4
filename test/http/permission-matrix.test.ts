/**
 * The permission matrix: every route × every level of what it touches × who asks from where × with which permissions.
 * What should come of it is worked out here from the words of the API, not with the code that decides it in the service.
 */

import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Answer, call, faults } from "../support/api.ts";
import {
  A,
  A1,
  A1a,
  A1b,
  A2,
  A2a,
  ALONE,
  B,
  B1,
  B1a,
  CLIENT_SECRET,
  contains,
  EVERYWHERE,
  type Kind,
  type Level,
  LEVELS,
  nothing,
  nowhere,
  pathOf,
  type Place,
  PLACES,
  PLURAL,
  TenancyTree,
  type Thing,
} from "../support/tenancy-tree.ts";

/** What a request is about. `named` is a place that its query names. */
interface Target extends Thing {
  named?: Place;
}

/** What should come: one of some statuses, and for lists exactly these ids, sorted. */
interface Expected {
  status: number[];
  ids?: string[];
}

interface Route {
  /** As OpenAPI has it. */
  name: string;
  /** Which way of asking, where there are several. */
  variant?: string;
  /** Where things are that it is tried on. */
  at: Place[];
  /** Places that the query names, and none. */
  named?: Place[];
  kind: Kind;
  /** Any of them is tried alone; the rule below asks for the first. */
  permissions: (place: Place) => string[];
  path: (target: Target) => string;
  /** A name that is never to be seen stands in what should be refused. */
  body?: (target: Target, name: string) => object;
  success: number[];
  /** Whether its answer may hold credentials, for those who hold more than it takes to ask. */
  showsCredentials?: boolean;
  expected?: (scope: Place, target: Target, held: ReadonlySet<string>) => Expected;
}

/** Who asks: each place and those around it, beside it, below it and elsewhere are among these, for each of the levels. */
const SCOPES = [EVERYWHERE, A, A1, A1a, A1b, A2, A2a, B, B1, B1a, ALONE];
/** One place of every level, and the workspace that lies nowhere. */
const EACH_LEVEL = [EVERYWHERE, A, A1, A1a, ALONE];
const WORKSPACES = [A1a, ALONE];
const NAMED = [A, A1, A1a, B1];

const actions = (things: string, ...names: string[]) => names.map((name) => `${things}.${name}`);
const atLevels = (levels: readonly Level[], thing: string, ...names: string[]) =>
  levels.flatMap((level) => actions(`${PLURAL[level]}.${thing}`, ...names));
/** The table of permissions of the API. */
const PERMISSIONS = [
  ...atLevels(LEVELS, "auth_clients", "get", "create", "edit", "delete"),
  ...actions("workspaces.auth_secret", "get", "get_credentials", "create", "edit", "delete", "refresh"),
  ...actions("global.tenants", "get", "create", "delete"),
  ...actions("tenants.contracts", "get", "create", "delete"),
  ...actions("contracts.workspaces", "get", "create", "delete"),
  ...atLevels(LEVELS, "api_keys", "get", "create", "delete"),
  ...actions("global.maintenance", "get", "edit"),
  ...atLevels(LEVELS, "events", "get"),
  ...atLevels(["tenant", "contract", "workspace"], "webhooks", "get", "create", "edit", "delete"),
];
const GET_CLIENTS = atLevels(LEVELS, "auth_clients", "get");
const GET_KEYS = atLevels(LEVELS, "api_keys", "get");

/** Of a place, the keys of its level and of narrower ones are there to be seen. */
const keysAt = ({ level }: Place) => atLevels(LEVELS.slice(LEVELS.indexOf(level)), "api_keys", "get");

const ofLevel = (thing: string) => (place: Place) => [`${PLURAL[place.level]}.${thing}`];
const always =
  (...permissions: string[]) =>
  () =>
    permissions;
const withName = (target: Target) => {
  const { named = EVERYWHERE } = target;
  return pathOf(target) + (named === EVERYWHERE ? "" : `?${named.level}_id=${named.id}`);
};
const collectionOf = (target: Target) => withName({ ...target, id: "" });
const create = ({ kind, place }: Target, name: string) => tree.newDocument(kind, place, name);
const rename = ({ kind }: Target, name: string) => ({ data: { type: kind, attributes: { name } } });

const CLIENTS = "/v2/auth-clients";
const SECRETS = "/v2/workspaces/{workspace}/secrets";
const FLOWS = "/v2/workspaces/{workspace}/authorizations";

const clients = { kind: "auth-client", at: EACH_LEVEL } as const;
const secrets = { kind: "auth-secret", at: WORKSPACES, path: pathOf } as const;
const flows = { kind: "authorization", at: WORKSPACES, path: pathOf } as const;
const keys = { kind: "api-key", at: EACH_LEVEL, path: pathOf } as const;

const ROUTES: Route[] = [
  {
    ...clients,
    name: `GET ${CLIENTS}`,
    showsCredentials: true,
    at: [EVERYWHERE],
    named: [...NAMED, ALONE],
    permissions: always(...GET_CLIENTS),
    path: collectionOf,
    success: [200],
    expected: (scope, { named }, held) =>
      listed(scope, named, held, GET_CLIENTS, () =>
        tree.idsOf("auth-client", (place) => contains(place, named ?? EVERYWHERE) && seesLevel(held, place.level)),
      ),
  },
  {
    ...clients,
    name: `POST ${CLIENTS}`,
    showsCredentials: true,
    permissions: ofLevel("auth_clients.create"),
    path: collectionOf,
    body: create,
    success: [201],
  },
  {
    ...clients,
    name: `GET ${CLIENTS}/{id}`,
    showsCredentials: true,
    named: [A, A1a, B1, ALONE],
    permissions: always(...GET_CLIENTS),
    path: withName,
    success: [200],
    expected: (scope, { named, place }, held) => {
      if (named !== undefined && !contains(scope, named)) return refused(scope, named);
      if (!contains(place, named ?? scope)) return { status: [404] };
      return { status: [seesLevel(held, place.level) ? 200 : 403] };
    },
  },
  {
    ...clients,
    name: `PATCH ${CLIENTS}/{id}`,
    showsCredentials: true,
    permissions: ofLevel("auth_clients.edit"),
    path: withName,
    body: rename,
    success: [200],
  },
  {
    ...clients,
    name: `DELETE ${CLIENTS}/{id}`,
    permissions: ofLevel("auth_clients.delete"),
    path: withName,
    success: [204],
  },
  {
    ...clients,
    name: `POST ${CLIENTS}/{id}/keys`,
    permissions: ofLevel("auth_clients.edit"),
    path: (target) => `${pathOf(target)}/keys`,
    // None of these clients signs.
    success: [409],
  },
  {
    ...clients,
    name: `POST ${CLIENTS}/{id}/diagnose`,
    permissions: ofLevel("auth_clients.edit"),
    path: (target) => `${pathOf(target)}/diagnose`,
    success: [200],
  },
  {
    ...secrets,
    name: `GET ${SECRETS}`,
    showsCredentials: true,
    permissions: always("workspaces.auth_secret.get"),
    path: collectionOf,
    success: [200],
    expected: (scope, { place }, held) => ({
      ...permitted(scope, place, held.has("workspaces.auth_secret.get"), [200]),
      ids: tree.idsOf("auth-secret", (each) => each === place),
    }),
  },
  {
    ...secrets,
    name: `POST ${SECRETS}`,
    showsCredentials: true,
    permissions: always("workspaces.auth_secret.create"),
    path: collectionOf,
    body: create,
    success: [201],
  },
  {
    ...secrets,
    name: `GET ${SECRETS}/{id}`,
    showsCredentials: true,
    permissions: always("workspaces.auth_secret.get"),
    success: [200],
  },
  {
    ...secrets,
    name: `PATCH ${SECRETS}/{id}`,
    variant: "its name",
    showsCredentials: true,
    permissions: always("workspaces.auth_secret.edit"),
    body: rename,
    success: [200],
  },
  {
    ...secrets,
    name: `PATCH ${SECRETS}/{id}`,
    variant: "its credentials",
    showsCredentials: true,
    permissions: always("workspaces.auth_secret.edit"),
    body: ({ kind }, name) => ({
      data: { type: kind, attributes: { name, credentials: { access_token: "another" } } },
    }),
    success: [200],
  },
  { ...secrets, name: `DELETE ${SECRETS}/{id}`, permissions: always("workspaces.auth_secret.delete"), success: [204] },
  {
    ...secrets,
    name: `GET ${SECRETS}/{id}/token`,
    permissions: always("workspaces.auth_secret.get_credentials"),
    path: (target) => `${pathOf(target)}/token`,
    success: [200],
  },
  {
    ...secrets,
    name: `GET ${SECRETS}/{id}/history`,
    permissions: always("workspaces.auth_secret.get"),
    path: (target) => `${pathOf(target)}/history`,
    success: [200],
  },
  {
    ...secrets,
    name: `POST ${SECRETS}/{id}/refresh`,
    permissions: always("workspaces.auth_secret.refresh"),
    path: (target) => `${pathOf(target)}/refresh`,
    // Without a refresh token there is nothing that could be done.
    success: [409],
  },
  {
    ...secrets,
    name: "GET /v2/workspaces/{workspace}/events",
    permissions: always("workspaces.events.get"),
    path: ({ place }) => `/v2/workspaces/${place.id}/events`,
    success: [200],
  },
  {
    ...flows,
    name: `POST ${FLOWS}`,
    variant: "for a new secret",
    permissions: always("workspaces.auth_secret.create"),
    path: collectionOf,
    body: create,
    success: [201],
  },
  {
    ...flows,
    name: `POST ${FLOWS}`,
    variant: "for a secret that is there",
    permissions: always("workspaces.auth_secret.edit"),
    path: collectionOf,
    body: (target, name) => renewing(target, name, tree.thing("auth-secret", target.place).id),
    success: [201],
  },
  { ...flows, name: `GET ${FLOWS}/{id}`, permissions: always("workspaces.auth_secret.get"), success: [200] },
  ...placeRoutes("tenant", EVERYWHERE, A, "global.tenants"),
  ...placeRoutes("contract", A, A1, "tenants.contracts"),
  ...placeRoutes("workspace", A1, A1a, "contracts.workspaces"),
  {
    ...keys,
    name: "GET /v2/api-keys",
    at: [EVERYWHERE],
    named: NAMED,
    permissions: always(...GET_KEYS),
    path: collectionOf,
    success: [200],
    expected: (scope, { named }, held) =>
      listed(scope, named, held, keysAt(named ?? scope), () =>
        tree.idsOf(
          "api-key",
          (place) => contains(named ?? scope, place) && held.has(`${PLURAL[place.level]}.api_keys.get`),
        ),
      ),
  },
  {
    ...keys,
    name: "POST /v2/api-keys",
    permissions: ofLevel("api_keys.create"),
    path: collectionOf,
    body: create,
    success: [201],
  },
  { ...keys, name: "DELETE /v2/api-keys/{id}", permissions: ofLevel("api_keys.delete"), success: [204] },
  {
    name: "GET /v2/maintenance/overdue",
    at: [EVERYWHERE],
    kind: "auth-secret",
    permissions: always("global.maintenance.get"),
    path: () => "/v2/maintenance/overdue",
    success: [200],
  },
  ...[EVERYWHERE, A, A1].map((place): Route => {
    const prefix = place === EVERYWHERE ? "/v2" : `/v2/${place.level}s/{${place.level}}`;
    return {
      name: `GET ${prefix}/events`,
      at: [place],
      kind: "auth-secret",
      permissions: ofLevel("events.get"),
      path: (target) => `${prefix.replace(/\{.*\}/, target.place.id)}/events`,
      success: [200],
    };
  }),
  ...(["GET", "POST"] as const).map((method): Route => ({
    name: `${method} /v2/maintenance/rewrap`,
    at: [EVERYWHERE],
    kind: "auth-secret",
    permissions: always(`global.maintenance.${method === "GET" ? "get" : "edit"}`),
    path: () => "/v2/maintenance/rewrap",
    success: [method === "GET" ? 200 : 202],
  })),
  ...["/v2/providers", "/v2/providers/{name}"].map((path): Route => ({
    name: `GET ${path}`,
    at: [EVERYWHERE],
    kind: "auth-client",
    permissions: always(),
    path: () => path.replace("{name}", "slack"),
    success: [200],
    // Whoever is somebody.
    expected: () => ({ status: [200] }),
  })),
];

/** The routes of tenants, contracts or workspaces: made in `around`, and tried on `place`. */
function placeRoutes(kind: "tenant" | "contract" | "workspace", around: Place, place: Place, begin: string): Route[] {
  const path = `/v2/${kind}s`;
  const one = { kind, at: [place], path: pathOf };
  return [
    {
      ...one,
      name: `GET ${path}`,
      at: [EVERYWHERE],
      named: NAMED,
      permissions: always(`${begin}.get`),
      path: collectionOf,
      success: [200],
      expected: (scope, { named }, held) =>
        listed(scope, named, held, [`${begin}.get`], () => tree.idsOf(kind, (each) => contains(named ?? scope, each))),
    },
    {
      ...one,
      name: `POST ${path}`,
      at: [around],
      permissions: always(`${begin}.create`),
      path: collectionOf,
      body: create,
      success: [201],
    },
    { ...one, name: `GET ${path}/{id}`, permissions: always(`${begin}.get`), success: [200] },
    // It may go on in the background.
    { ...one, name: `DELETE ${path}/{id}`, permissions: always(`${begin}.delete`), success: [202, 204] },
  ];
}

function renewing(target: Target, name: string, secret: string): object {
  const { data } = tree.newDocument(target.kind, target.place, name) as { data: { relationships: object } };
  Object.assign(data.relationships, { secret: { data: { id: secret, type: "auth-secret" } } });
  return { data };
}

/** The rule: the scope contains the thing, and the permission is of its level. */
function permitted(scope: Place, place: Place, isHeld: boolean, success: number[]): Expected {
  if (!contains(scope, place)) return refused(scope, place);
  return { status: isHeld ? success : [403] };
}

/** What lies around somebody is known to them; everything else outside of their scope does not exist. */
function refused(scope: Place, place: Place): Expected {
  return { status: [contains(place, scope) ? 403 : 404] };
}

/** Lists hold what may be seen of the place that is named. */
function listed(
  scope: Place,
  named: Place | undefined,
  held: ReadonlySet<string>,
  anyOf: string[],
  ids: () => string[],
): Expected {
  if (named !== undefined && !contains(scope, named)) return refused(scope, named);
  return anyOf.some((permission) => held.has(permission)) ? { status: [200], ids: ids() } : { status: [403] };
}

/** A permission to get clients of one level is good for those of wider ones. */
function seesLevel(held: ReadonlySet<string>, level: Level): boolean {
  return LEVELS.slice(LEVELS.indexOf(level)).some((each) => held.has(`${PLURAL[each]}.auth_clients.get`));
}

/** What somebody holds, and how it is called. */
type Holding = [name: string, permissions: string[]];

/**
 * What is tried: each permission that may be enough, all but those, and everything where the answer may then hold more. Outside of a
 * scope nothing helps, and it must not come to light whether the caller would have been permitted.
 */
function holdingsFor(route: Route, scope: Place, target: Target): Holding[] {
  const permissions = route.permissions(target.place);
  const everything: Holding = ["everything", PERMISSIONS];
  const nothingAtAll: Holding = ["nothing", []];
  if (!isAllowed(route, { scope, target, held: new Set(PERMISSIONS) })) return [everything, nothingAtAll];
  const others = PERMISSIONS.filter((permission) => !permissions.includes(permission));
  return [
    ...permissions.map((permission): Holding => [`only ${permission}`, [permission]]),
    [`all but ${permissions.join(" and ")}`, others],
    ...(route.showsCredentials === true ? [everything] : []),
    ...(permissions.length > 1 ? [nothingAtAll] : []),
  ];
}

let tree: TenancyTree;

beforeAll(async () => {
  // A line for each of thousands of requests takes longer to collect than the requests take.
  vi.spyOn(console, "log").mockReturnValue();
  tree = await TenancyTree.create();
});

const TITLED = ROUTES.map((route): [title: string, route: Route] => [
  route.variant === undefined ? route.name : `${route.name}, ${route.variant}`,
  route,
]);

// A hundred requests each, and the machine may be busy.
vi.setConfig({ testTimeout: 120_000 });

describe.each(TITLED)("%s (SECURITY 17)", (_, route) => {
  test.each(SCOPES.map((scope) => [scope.name, scope] as const))("from %s", async (__, scope) => {
    const targets = route.at.flatMap((place) => [
      targetOf(route, place),
      ...(route.named ?? []).map((named) => ({ ...targetOf(route, place), named })),
    ]);
    const asked = targets.flatMap((target) =>
      holdingsFor(route, scope, target).map(([title, permissions]) => ({ title, scope, target, permissions })),
    );
    const prepared = await Promise.all(asked.map((each) => prepare(route, each)));
    const mismatches = await Promise.all(prepared.map((check) => mismatchesOf(route, check)));
    expect(mismatches.flat()).toEqual([]);
  });
});

/** One field of the matrix: who, where, with what, asks about which. */
interface Question {
  scope: Place;
  held: ReadonlySet<string>;
  target: Target;
}

interface Check extends Question {
  title: string;
  headers: Record<string, string>;
}

/** What a route is tried on in a place: the thing that is there, unless one is made or all are listed. */
function targetOf({ kind, name }: Route, place: Place): Target {
  if (!name.includes("{id}")) return { kind, place, id: "" };
  return kind === place.level ? { kind, place, id: place.id } : tree.thing(kind, place);
}

/** Makes the caller, and for those who may change or delete a thing, one that nobody else asks about. */
async function prepare(
  route: Route,
  asked: { title: string; scope: Place; target: Target; permissions: string[] },
): Promise<Check> {
  const { scope, target, permissions } = asked;
  const { kind, place } = target;
  const title = `${asked.title}, ${place.name}${target.named === undefined ? "" : ` as seen from ${target.named.name}`}`;
  const check = { title, scope, target, held: new Set(permissions) };
  if (/^(DELETE|PATCH)/.test(route.name) && isAllowed(route, check)) {
    check.target = await tree.makeAnother(target);
    // Whoever deletes the place that they are in.
    if (kind === place.level && scope === place) check.scope = check.target.place;
  }
  return { ...check, headers: await tree.keyFor(check.scope, permissions) };
}

function expectedOf(route: Route, { scope, target, held }: Question): Expected {
  if (route.expected !== undefined) return route.expected(scope, target, held);
  const [needed = ""] = route.permissions(target.place);
  return permitted(scope, target.place, held.has(needed), route.success);
}

function isAllowed(route: Route, question: Question): boolean {
  return expectedOf(route, question).status.some((status) => route.success.includes(status));
}

async function mismatchesOf(route: Route, check: Check): Promise<string[]> {
  const { scope, target, held, title } = check;
  const expected = expectedOf(route, check);
  const answer = await send(route, check, target, isAllowed(route, check) ? "Seen" : "Never");
  const { status, body } = answer;
  if (!expected.status.includes(status)) return [`${title}: ${status}, not ${expected.status.join(" or ")}`];

  if (status === 201) tree.note(route.kind, target.place, answer);
  if (status < 300 && route.name.startsWith("DELETE")) tree.forget(target);
  const wrong: string[] = [];
  if (status === 200 && expected.ids !== undefined) {
    const ids = body.data.map(({ id }: { id: string }) => id).toSorted();
    if (JSON.stringify(ids) !== JSON.stringify(expected.ids)) wrong.push(differenceOf(ids, expected.ids));
  }
  if (status < 300 && status !== 204) wrong.push(...misshown(route, answer, scope, held));
  if (status === 404) wrong.push(...(await distinguishes(route, check, answer)));
  return wrong.map((text) => `${title}: ${text}`);
}

/** Sends a request, and for lists those for the other pages too. */
async function send(route: Route, { headers }: Check, target: Target, name: string): Promise<Answer> {
  const [method = ""] = route.name.split(" ");
  const answer = await call(method, route.path(target), route.body?.(target, name), headers);
  let next: string | null | undefined = answer.body?.links?.next;
  while (typeof next === "string") {
    const { body } = await call(method, next, undefined, headers);
    answer.body.data.push(...body.data);
    next = body.links.next;
  }
  return answer;
}

/** Answers about what is not there, by what was sent. */
const TWINS = new Map<string, Promise<Answer>>();

/** Finds in what a 404 for something that is there differs from one for what is not: the thing alone, or all that is named. */
async function distinguishes(route: Route, check: Check, answer: Answer): Promise<string[]> {
  const { scope, target } = check;
  const elsewhere = (place: Place) => (contains(scope, place) ? place : nowhere(place));
  const named = target.named === undefined ? {} : { named: elsewhere(target.named) };
  const twins = [target, { ...target, ...named, place: elsewhere(target.place) }]
    .map((twin) => (twin.id === "" ? twin : nothing(twin)))
    .filter((twin) => JSON.stringify(twin) !== JSON.stringify(target));
  const wrong: string[] = [];
  for (const twin of twins) {
    const sent = `${check.headers["authorization"]} ${route.name} ${route.path(twin)} ${JSON.stringify(route.body?.(twin, "Never"))}`;
    const asking = TWINS.get(sent) ?? send(route, check, twin, "Never");
    TWINS.set(sent, asking);
    const { status, body } = await asking;
    if (status === 404 && JSON.stringify(body) === JSON.stringify(answer.body)) continue;
    wrong.push(`404 ${detailsOf(answer.body)}, but ${status} ${detailsOf(body)} for what is not there`);
  }
  return [...new Set(wrong)];
}

function detailsOf({ errors }: Answer["body"]): string {
  return JSON.stringify(errors?.map(({ detail, source }: { detail: string; source?: object }) => ({ detail, source })));
}

interface Resource {
  id: string;
  type: string;
  attributes: { key?: string; credentials?: Record<string, unknown> };
}

/** Finds credentials that an answer holds and should not, or the other way round. */
function misshown(route: Route, { body }: Answer, scope: Place, held: ReadonlySet<string>): string[] {
  const resources = [body.data ?? []].flat() as Resource[];
  const wrong = resources.flatMap(({ id, type, attributes: { key, credentials } }) => {
    if (type === "api-key" && (key !== undefined) !== route.name.startsWith("POST")) return [`key ${id} is shown`];
    if (type !== "auth-client" && type !== "auth-secret") return [];
    const isDue = type === "auth-client" ? seesCredentials(id, scope, held) : held.has(GET_CREDENTIALS);
    const isMasked = type !== "auth-client" || credentials?.["client_secret"] === MASK;
    if (credentials === undefined ? !isDue : isDue && isMasked) return [];
    return [
      `${type} of ${tree.placeOf(id)?.name} ${isDue ? "without its credentials, or unmasked" : "with credentials"}`,
    ];
  });
  return JSON.stringify(body).includes(CLIENT_SECRET) ? [...wrong, "a client secret is shown"] : wrong;
}

const MASK = "********";
/** Asked for by providers, who have no key of ours. */
const FOR_EVERYBODY = new Set([`GET ${CLIENTS}/{id}/jwks.json`]);
const GET_CREDENTIALS = "workspaces.auth_secret.get_credentials";

/** Whoever can use a wider client does not see its credentials: they need the permission of its own level, where it is. */
function seesCredentials(client: string, scope: Place, held: ReadonlySet<string>): boolean {
  const place = tree.placeOf(client);
  return place !== undefined && contains(scope, place) && held.has(`${PLURAL[place.level]}.auth_clients.get`);
}

function differenceOf(shown: string[], expected: string[]): string {
  const placesOf = (ids: string[]) => ids.map((id) => tree.placeOf(id)?.name ?? id).join(", ") || "none";
  const tooMany = shown.filter((id) => !expected.includes(id));
  const missing = expected.filter((id) => !shown.includes(id));
  return `too many: ${placesOf(tooMany)}; missing: ${placesOf(missing)}`;
}

describe("an id of another workspace, below a workspace of one's own (SECURITY 17)", () => {
  const inside = TITLED.filter(([, { name }]) => name.includes("{workspace}") && name.includes("{id}"));
  test.each(inside)("%s: 404, as for one that is not there", async (_, route) => {
    const headers = await tree.keyFor(A1, PERMISSIONS);
    for (const other of [A1a, A2a, B1a, ALONE]) {
      const check = {
        title: "",
        scope: A1,
        held: new Set(PERMISSIONS),
        headers,
        target: tree.thing(route.kind, other),
      };
      const borrowed = { ...check.target, place: A1b };
      const answer = await send(route, check, borrowed, "Never");
      expect([answer.status, faults(answer)]).toEqual([404, ["not_found"]]);
      expect((await send(route, check, nothing(borrowed), "Never")).body).toEqual(answer.body);
    }
  });

  test("a consent flow cannot renew its secret", async () => {
    const headers = await tree.keyFor(A1, PERMISSIONS);
    const target = { ...tree.thing("authorization", A1b), id: "" };
    const bodies = [tree.thing("auth-secret", A1a), nothing(tree.thing("auth-secret", A1a))].map(({ id }) =>
      renewing(target, "Never", id),
    );
    const [other, none] = await Promise.all(bodies.map((body) => call("POST", pathOf(target), body, headers)));
    expect([other?.status, none?.status]).toEqual([404, 404]);
    expect(other?.body).toEqual(none?.body);
  });
});

describe("a client (SECURITY 17)", () => {
  const made: [kind: "auth-secret" | "authorization", workspace: Place][] = [
    ["auth-secret", A1a],
    ["authorization", A1a],
    ["auth-secret", ALONE],
    ["authorization", ALONE],
  ];
  test.each(made)(
    "of the workspace, or of what lies around it, can be used for an %s there, and no other",
    async (kind, workspace) => {
      const headers = await tree.keyFor(workspace, ["workspaces.auth_secret.create"]);
      const ask = async (client: string) => {
        const sent = tree.newDocument(kind, workspace, "Seen") as { data: { relationships: object } };
        Object.assign(sent.data.relationships, { auth_client: { data: { id: client, type: "auth-client" } } });
        return await call("POST", pathOf({ kind, place: workspace, id: "" }), sent, headers);
      };
      const none = await ask(nothing({ id: "" }).id);
      expect([none.status, faults(none)]).toEqual([404, ["not_found /data/relationships/auth_client/data/id"]]);
      for (const place of PLACES) {
        const answer = await ask(tree.thing("auth-client", place).id);
        const isUsable = contains(place, workspace);
        expect([place.name, answer.status]).toEqual([place.name, isUsable ? 201 : 404]);
        if (isUsable) tree.note(kind, workspace, answer);
        else expect(answer.body).toEqual(none.body);
      }
    },
  );
});

describe("POST /v2/api-keys (SECURITY 17)", () => {
  test.each(SCOPES.map((scope) => [scope.name, scope] as const))(
    "gives nothing that the giver lacks, from %s",
    async (_, scope) => {
      const held = [`${PLURAL[scope.level]}.api_keys.create`, "workspaces.auth_secret.get"];
      const headers = await tree.keyFor(scope, held);
      const ask = async (permissions: string[]) => {
        const sent = tree.newDocument("api-key", scope, "Given") as { data: { attributes: object } };
        Object.assign(sent.data.attributes, { permissions });
        return await call("POST", "/v2/api-keys", sent, headers);
      };
      const refusals = PERMISSIONS.flatMap((permission, index) =>
        held.includes(permission) ? [] : [`forbidden /data/attributes/permissions/${index}`],
      );
      const answer = await ask(PERMISSIONS);
      expect([answer.status, faults(answer)]).toEqual([403, refusals]);
      const given = await ask(held);
      expect([given.status, given.body.data.attributes.permissions]).toEqual([201, held]);
      tree.note("api-key", scope, given);
    },
  );
});

test("every route and every permission of the API stands in the matrix (SECURITY 17)", async () => {
  const { body } = await call("GET", "/openapi.json");
  const routes = Object.entries(body.paths as Record<string, object>)
    .filter(([path]) => path.startsWith("/v2/"))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  expect([...new Set(ROUTES.map(({ name }) => name))].toSorted()).toEqual(
    routes.filter((route) => !FOR_EVERYBODY.has(route)).toSorted(),
  );
  expect(PERMISSIONS.toSorted()).toEqual(body.components.schemas.Permission.enum.toSorted());
});

test("what was refused left no trace (SECURITY 17)", async () => {
  const root = { scope: EVERYWHERE, held: new Set(PERMISSIONS), headers: {} };
  const ofClients = PLACES.map((named) => ({ named, kind: "auth-client" as const, place: EVERYWHERE, id: "" }));
  const lists = ROUTES.filter(({ name }) => /^GET .*s$/.test(name) && name !== "GET /v2/providers");
  expect(lists).toHaveLength(10);
  for (const route of lists) {
    const isOfWorkspaces = route.at.every(({ level }) => level === "workspace");
    const places = isOfWorkspaces ? PLACES.filter(({ level }) => level === "workspace") : route.at;
    const inEach = places.map((place) => targetOf(route, place));
    const targets = { "auth-client": ofClients, "auth-secret": inEach }[route.kind as string];
    for (const target of targets ?? [targetOf(route, EVERYWHERE)]) {
      const check = { ...root, title: `${route.name} of ${target.place.name}`, target };
      expect(await mismatchesOf(route, check)).toEqual([]);
      expect(JSON.stringify((await send(route, check, target, "")).body)).not.toContain('"Never"');
    }
  }
});
