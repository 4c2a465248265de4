/** What exists while requests are made up: callers, and things of every kind whose ids requests may name; with marks where secrets are. */

import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { call, ConnectedClient } from "../support/api.ts";
import { newKey, newTenancy } from "../support/keys.ts";
import { MARK } from "../support/sentinel.ts";

/** Things of one kind that are known at once. */
const MOST = 60;
const NOWHERE = "http://127.0.0.1:1/";

const READER = ["workspaces.auth_secret.get", "workspaces.auth_secret.get_credentials", "workspaces.events.get"];
const WRITER = [
  ...["get", "create", "edit", "delete", "refresh"].map((what) => `workspaces.auth_secret.${what}`),
  ...["get", "create", "edit", "delete"].flatMap((what) => [
    `workspaces.auth_clients.${what}`,
    `tenants.auth_clients.${what}`,
  ]),
  ...["get", "create", "delete"].flatMap((what) => [`tenants.contracts.${what}`, `contracts.workspaces.${what}`]),
];

type Kind =
  "tenant" | "contract" | "workspace" | "auth-client" | "auth-secret" | "api-key" | "authorization" | "provider";

export class Estate {
  /** Authorization headers; undefined: none. */
  readonly callers: (string | undefined)[] = [];
  /** For ever. */
  readonly #kept = new Map<Kind, string[]>();
  /** Made by requests, and gone when they say so. */
  readonly #made = new Map<Kind, string[]>();
  /** In which workspace a secret or a flow is. */
  readonly #workspaceOf = new Map<string, string>();

  /** Makes the first of everything. */
  static async create(): Promise<Estate> {
    const estate = new Estate();
    const { tenant, contract, workspace } = await newTenancy();
    const client = await ConnectedClient.create(
      { grant_types: ["client_credentials"] },
      {},
      { grant_type: "client_credentials" },
    );
    const attributes = {
      type: "oauth2",
      name: "Marked",
      credentials: {
        client_id: "c",
        client_secret: `${MARK}-client`,
        auth_uri: NOWHERE,
        token_uri: NOWHERE,
        refresh_token_uri: NOWHERE,
      },
    };
    const marked = (await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } })).body.data.id;
    const signing = await createEarlier({
      type: "oauth2",
      name: "Signs",
      grant_type: "client_credentials",
      credentials: { client_id: "c", token_uri: NOWHERE },
      flavour: { client_auth: "private_key_jwt" },
    });
    const inHand = { access_token: "shown", refresh_token: `${MARK}-refresh`, expires_in: 3600 };
    const make = async (of: string, more: object) => {
      const relationships = { auth_client: { data: { id: of, type: "auth-client" } } };
      const document = { data: { type: "auth-secret", attributes: { name: "A secret", ...more }, relationships } };
      const { body } = await call("POST", `/v2/workspaces/${workspace}/secrets`, document);
      estate.#workspaceOf.set(body.data.id, workspace);
      return body.data.id as string;
    };
    const secrets = [await make(client.id, {}), await make(marked, { credentials: inHand })];
    const [reader, writer, spare] = await Promise.all([
      newKey(READER, { level: "workspace", id: workspace }),
      newKey(WRITER, { level: "tenant", id: tenant }),
      newKey(READER),
    ]);
    estate.callers.push(
      ...Array.from({ length: 6 }, () => `Bearer ${env.ROOT_API_KEY}`),
      ...[`Bearer ${reader.key}`, `Bearer ${writer.key}`, `Basic ${btoa(`me@example.com:${writer.key}`)}`, undefined],
      ...["Bearer esk_wrong", "Basic !!!", "Bearer e30.e30.e30", `Bearer ${"x".repeat(9000)}`, "Digest a=b", "Bearer"],
    );
    estate.#kept.set("tenant", [tenant]).set("contract", [contract]).set("workspace", [workspace]);
    estate.#kept
      .set("auth-client", [client.id, marked, signing])
      .set("auth-secret", secrets)
      .set("api-key", [spare.id]);
    estate.#kept.set("provider", ["salesforce"]).set("authorization", []);
    return estate;
  }

  /** Names a thing of a kind that exists; what is to be deleted is none of the first. */
  pick(kind: Kind, which: number, isDeleted = false): string {
    const all = [...(isDeleted ? [] : (this.#kept.get(kind) ?? [])), ...(this.#made.get(kind) ?? [])];
    return all[which % Math.max(1, all.length)] ?? crypto.randomUUID();
  }

  /** Puts what exists into a path: the last parameter is of the route's kind, the first of a workspace where there are two. */
  pathFor(template: string, chosen: (number | string)[], isDeleted: boolean): string {
    const kind = kindOf(template);
    const last = chosen.at(-1);
    const thing = typeof last === "number" ? this.pick(kind, last, isDeleted) : undefined;
    const values = chosen.map((each, at) => {
      if (typeof each === "string") return each;
      if (
        at === chosen.length - 1 &&
        !template.endsWith("{workspace}") &&
        thing !== undefined &&
        !isInWorkspaceOnly(template)
      )
        return thing;
      return this.#workspaceOf.get(thing ?? "") ?? this.pick("workspace", each);
    });
    let at = 0;
    return template.replaceAll(/\{\w+\}/g, () => values[at++] ?? "");
  }

  /** Lets the links of a document lead to what exists. */
  linked(document: unknown, which: number): unknown {
    return JSON.parse(JSON.stringify(document), (_, value: unknown) => {
      if (typeof value !== "object" || value === null || !("type" in value) || !("id" in value)) return value;
      const { type } = value;
      const isLink = Object.keys(value).length === 2 && this.#kept.has(type as Kind) && which % 5 > 0;
      return isLink ? { type, id: this.pick(type as Kind, which) } : value;
    }) as unknown;
  }

  /** Notes what an answer made or removed. */
  note(method: string, path: string, status: number, body: { data?: unknown } | null): void {
    const gone = path.split("/").at(-1) ?? "";
    if (method === "DELETE" && status < 300)
      for (const [kind, ids] of this.#made)
        this.#made.set(
          kind,
          ids.filter((id) => id !== gone),
        );
    const made = body?.data as { id?: string; type?: Kind } | undefined;
    if (status !== 201 || made?.id === undefined || made.type === undefined) return;
    this.#made.set(made.type, [...(this.#made.get(made.type) ?? []), made.id].slice(-MOST));
    const workspace = /^\/v2\/workspaces\/([^/]+)\/./.exec(path)?.[1];
    if (workspace !== undefined) this.#workspaceOf.set(made.id, workspace);
  }
}

/** Makes a client that is old enough for a second key. */
async function createEarlier(attributes: object): Promise<string> {
  const earlier = Date.now() - 700_000;
  const clock = vi.spyOn(Date, "now").mockReturnValue(earlier);
  const { body } = await call("POST", "/v2/auth-clients", { data: { type: "auth-client", attributes } });
  clock.mockRestore();
  return body.data.id;
}

function isInWorkspaceOnly(template: string): boolean {
  return /^\/v2\/workspaces\/\{\w+\}\/[a-z-]+$/.test(template);
}

function kindOf(template: string): Kind {
  if (template.includes("/secrets/")) return "auth-secret";
  if (template.includes("/authorizations/")) return "authorization";
  if (template.startsWith("/v2/auth-clients") || template.startsWith("/callback")) return "auth-client";
  if (template.startsWith("/v2/tenants")) return "tenant";
  if (template.startsWith("/v2/contracts")) return "contract";
  if (template.startsWith("/v2/api-keys")) return "api-key";
  if (template.startsWith("/v2/providers")) return "provider";
  return "workspace";
}
