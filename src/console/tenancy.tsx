/** Where to: the first page of those who see more than one workspace; and tenants, contracts and workspaces, made and deleted. */

import type { z } from "@hono/zod-openapi";
import type { Permission } from "../domain/permissions.ts";
import type { placeSchema } from "../jsonapi/place.ts";
import { When } from "../look/time.tsx";
import { may } from "./access.ts";
import { DeleteForm, unconfirmed } from "./confirm.tsx";
import { documentOf } from "./form-document.ts";
import { Faults, Form, PostForm, Text } from "./form.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { Pages, readPage, Table } from "./list.tsx";
import { type Context, onTo, read, Refusal, send } from "./service.ts";

type Place = z.infer<typeof placeSchema>;

const NAME = "/data/attributes/name";
const PAGE_SIZE = 25;

interface Kind {
  kind: "tenants" | "contracts" | "workspaces";
  one: string;
  permissions: string;
  parent: "tenant" | "contract" | null;
  what: string;
}

const KINDS: readonly Kind[] = [
  {
    kind: "workspaces",
    one: "workspace",
    permissions: "contracts.workspaces",
    parent: "contract",
    what: "Secrets lie in workspaces.",
  },
  {
    kind: "contracts",
    one: "contract",
    permissions: "tenants.contracts",
    parent: "tenant",
    what: "A contract has workspaces.",
  },
  { kind: "tenants", one: "tenant", permissions: "global.tenants", parent: null, what: "A tenant has contracts." },
];

/** Shows where somebody with a wide scope can go. */
export async function homePage(c: Context): Promise<Response> {
  const sees = mayWith(c, KINDS[0] as Kind, "get");
  const { data, meta } = sees ? await readPage<Place>(c, "/v2/workspaces", PAGE_SIZE) : { data: [], meta: {} };
  return await show(c, {
    title: "Workspaces",
    children: (
      <>
        <Title>Which workspace?</Title>
        <p class="lede">
          Secrets lie in workspaces.{" "}
          {c.get("principal").lineage[0].level === "global"
            ? "One that nobody registered works as well: any id that you like."
            : `You can open those of your ${c.get("principal").lineage[0].level}.`}
        </p>
        <form action="/console/go" class="form">
          <div class="inline">
            <div class="field wide">
              <label for="go">Id of the workspace</label>
              <input
                id="go"
                name="workspace"
                class="mono"
                required
                pattern="[A-Za-z0-9_\-]{1,64}"
                autocomplete="off"
                autofocus
              />
            </div>
            <button>Open</button>
          </div>
        </form>
        {data.length === 0 ? null : (
          <section class="stack">
            <h2>Registered ones</h2>
            <Table columns={["Name", "Id"]}>
              {data.map(({ id, attributes }) => (
                <tr>
                  <td>
                    <a href={`/console/workspaces/${id}`}>{attributes.name}</a>
                  </td>
                  <td>
                    <code>{id}</code>
                  </td>
                </tr>
              ))}
            </Table>
            {(meta.total ?? 0) > data.length ? <a href="/console/tenancy/workspaces">All {meta.total}</a> : null}
          </section>
        )}
      </>
    ),
  });
}

export async function tenancyPage(c: Context): Promise<Response> {
  return await showPlaces(c, new Form(), 200);
}

/** Makes a tenant, contract or workspace. */
export async function createPlace(c: Context): Promise<Response> {
  const { kind, one, parent } = kindOf(c);
  const sent = c.get("form");
  const { data = {} } = documentOf(sent).document as { data?: object };
  const around = sent.get("place_id")?.trim() ?? "";
  const relationships = parent === null || around === "" ? {} : { [parent]: { data: { id: around, type: parent } } };
  try {
    await send(c, "POST", `/v2/${kind}`, { data: { type: one, attributes: {}, ...data, relationships } });
    return onTo(c, `/console/tenancy/${kind}`, "created");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showPlaces(c, new Form(sent, error.faults), error.status);
  }
}

/** Deletes one with everything in it, if its name was typed. */
export async function deletePlace(c: Context): Promise<Response> {
  const { kind } = kindOf(c);
  const path = `/v2/${kind}/${encodeURIComponent(c.req.param("id") ?? "")}`;
  const place = (await read<Place>(c, path)).data;
  const faults = unconfirmed(c.get("form"), place.attributes.name);
  if (faults.length > 0)
    return await showPlaces(c, new Form(), 400, { id: place.id, form: new Form(c.get("form"), faults) });
  try {
    const { data } = await send(c, "DELETE", path);
    // An answer with a body says that the rest goes on in the background.
    return onTo(c, `/console/tenancy/${kind}`, data === null ? "deleted" : "removing");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showPlaces(c, new Form(), error.status, { id: place.id, form: new Form(c.get("form"), error.faults) });
  }
}

function kindOf(c: Context): Kind {
  const found = KINDS.find(({ kind }) => kind === c.req.param("kind"));
  if (found === undefined) throw new Refusal(404, [{ detail: "There is no such page." }]);
  return found;
}

function mayWith(c: Context, { permissions }: Kind, action: "get" | "create" | "delete"): boolean {
  return may(c, `${permissions}.${action}` as Permission) && (action !== "create" || isWideEnough(c, permissions));
}

/** Who makes something needs a scope around it. */
function isWideEnough(c: Context, permissions: string): boolean {
  const [{ level }] = c.get("principal").lineage;
  if (level === "global" || permissions === "global.tenants") return level === "global";
  return level === "tenant" || (level === "contract" && permissions === "contracts.workspaces");
}

async function showPlaces(
  c: Context,
  form: Form,
  status: number,
  deleting?: { id: string; form: Form },
): Promise<Response> {
  const current = kindOf(c);
  const { kind, one, what } = current;
  const sees = mayWith(c, current, "get");
  const { data, meta } = sees ? await readPage<Place>(c, `/v2/${kind}`, PAGE_SIZE) : { data: [], meta: {} };
  return await show(c, {
    title: kind,
    tab: "tenancy",
    status,
    children: (
      <>
        <Title>Tenancy</Title>
        <nav class="actions" aria-label="Levels">
          {KINDS.map((each) => (
            <a
              href={`/console/tenancy/${each.kind}`}
              aria-current={each.kind === kind ? "page" : undefined}
              class="button quiet small"
            >
              {each.kind.replace(/^./, (first) => first.toUpperCase())}
            </a>
          ))}
        </nav>
        <p class="lede">{what}</p>
        {data.length > 0 ? (
          <>
            <Places c={c} current={current} places={data} deleting={deleting} />
            <Pages meta={meta} path={`/console/tenancy/${kind}`} />
          </>
        ) : (
          <Empty title={sees ? "There is none yet" : "These are not for you to see"}>
            <p>
              {!sees
                ? "Your key has no permission to list them."
                : c.get("principal").lineage[0].level === "global"
                  ? "A lone server needs none of it: a workspace works without being registered."
                  : what}
            </p>
          </Empty>
        )}
        {mayWith(c, current, "create") ? (
          <section class="stack">
            <h2>New {one}</h2>
            <NewPlace c={c} current={current} form={form} />
          </section>
        ) : null}
      </>
    ),
  });
}

function Places({
  c,
  current,
  places,
  deleting,
}: {
  c: Context;
  current: Kind;
  places: Place[];
  deleting: { id: string; form: Form } | undefined;
}) {
  const { kind, one, parent } = current;
  const mayDelete = mayWith(c, current, "delete");
  return (
    <Table
      columns={["Name", "Id", ...(parent === null ? [] : ["In"]), "Made", ...(mayDelete ? [{ unseen: "Delete" }] : [])]}
    >
      {places.map(({ id, attributes, relationships }) => (
        <tr>
          <td>
            {kind === "workspaces" ? (
              <a href={`/console/workspaces/${id}`}>{attributes.name}</a>
            ) : (
              <strong>{attributes.name}</strong>
            )}
          </td>
          <td data-label="Id">
            <code>{id}</code>
          </td>
          {parent === null ? null : (
            <td data-label="In">
              <code>{relationships[parent]?.data.id}</code>
            </td>
          )}
          <td data-label="Made">
            <When at={attributes.created_at} now={Date.now()} />
          </td>
          {mayDelete ? (
            <td>
              <DeleteForm
                c={c}
                action={`/console/tenancy/${kind}/${id}/delete`}
                what={one}
                name={attributes.name}
                form={(deleting?.id === id ? deleting.form : new Form()).apart(`delete-${id}-`)}
              >
                <p>With everything in it: secrets and their tokens, auth clients, keys.</p>
              </DeleteForm>
            </td>
          ) : null}
        </tr>
      ))}
    </Table>
  );
}

function NewPlace({ c, current: { kind, parent }, form }: { c: Context; current: Kind; form: Form }) {
  const isOwn = c.get("principal").lineage.some(({ level }) => level === parent);
  return (
    <PostForm c={c} action={`/console/tenancy/${kind}`}>
      <Faults form={form} />
      <Text form={form} name={NAME} label="Name" required />
      <Text form={form} name="/data/id" label="Id" hint="Your own; one is made when you give none." mono />
      {parent === null || isOwn ? null : (
        <Text form={form} name="place_id" label={`Id of its ${parent}`} required mono />
      )}
      <button>Create</button>
    </PostForm>
  );
}
