/** Secrets of a workspace: the list, with search and filters. */

import { When } from "../look/time.tsx";
import { hereQuery, mayConnect, seesClients } from "./access.ts";
import { clientNamed } from "./client-choice.tsx";
import type { AuthClient } from "./registration-fields.tsx";
import { Choice, Form, Pick } from "./form.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { Pages, readPage, Table } from "./list.tsx";
import { type Answer, baseOf, type Context, read } from "./service.ts";
import { type Secret, StateBadge, stateSentence } from "./state.tsx";

const PAGE_SIZE = 25;

export async function secretsPage(c: Context): Promise<Response> {
  const base = baseOf(c);
  const { name = "", state = "", client = "" } = c.req.query();
  const filters: Record<string, string> = {};
  if (name !== "") filters["filter[name]"] = name;
  if (state === "ready" || state === "error") filters["filter[state]"] = state;
  if (client !== "") filters["filter[auth_client]"] = client;
  const isNarrowed = Object.keys(filters).length > 0;
  const [{ data, meta }, first] = await Promise.all([
    readPage<Secret>(c, `/v2/workspaces/${c.get("workspace")}/secrets`, PAGE_SIZE, filters),
    firstClients(c),
  ]);
  const ids = new Set([client, ...data.map(({ relationships }) => relationships.auth_client.data.id)]);
  const clients = await withThese(c, first, ids);
  const nameOf = new Map(clients.map(({ id, attributes }) => [id, attributes.name]));
  const kept = new URLSearchParams({ name, state, client }).toString();
  const make = mayConnect(c) ? (
    <a class="button" href={`${base}/secrets/new`}>
      Connect an account
    </a>
  ) : undefined;
  return await show(c, {
    title: "Secrets",
    tab: "secrets",
    children: (
      <>
        <Title actions={data.length > 0 || isNarrowed ? make : undefined}>Secrets</Title>
        <Search name={name} state={state} client={client} clients={clients} />
        {data.length > 0 ? (
          <div id="live" data-live>
            <Table columns={["Name", "State", "Auth client", "Token ends", "Renewed next", { number: "Version" }]}>
              <Rows base={base} secrets={data} nameOf={nameOf} />
            </Table>
          </div>
        ) : (
          <Empty title={isNarrowed ? "Nothing matches" : "No account is connected yet"}>
            <p>
              {isNarrowed
                ? "Search for something else, or look at all of them."
                : "A secret is one account that somebody connected. Its token is kept fresh from then on."}
            </p>
            <div class="actions">{isNarrowed ? <a href={`${base}/secrets`}>Show all</a> : make}</div>
          </Empty>
        )}
        <Pages meta={meta} path={`${base}/secrets?${kept}`} />
      </>
    ),
  });
}

function Search({
  name,
  state,
  client,
  clients,
}: {
  name: string;
  state: string;
  client: string;
  clients: AuthClient[];
}) {
  const none = new Form();
  return (
    <form class="inline" role="search">
      <div class="field wide">
        <label for="name">Name</label>
        <input id="name" name="name" type="search" value={name} />
      </div>
      <Pick form={none} name="state" label="State" required>
        <Choice value="" chosen={state}>
          Any
        </Choice>
        <Choice value="ready" chosen={state}>
          Works
        </Choice>
        <Choice value="error" chosen={state}>
          Does not work
        </Choice>
      </Pick>
      {clients.length === 0 ? null : (
        <Pick form={none} name="client" label="Auth client" required>
          <Choice value="" chosen={client}>
            Any
          </Choice>
          {clients.map(({ id, attributes }) => (
            <Choice value={id} chosen={client}>
              {attributes.name}
            </Choice>
          ))}
        </Pick>
      )}
      <button class="quiet">Search</button>
    </form>
  );
}

function Rows({ base, secrets, nameOf }: { base: string; secrets: Secret[]; nameOf: ReadonlyMap<string, string> }) {
  const now = Date.now();
  return (
    <>
      {secrets.map((secret) => {
        const { attributes, relationships, id } = secret;
        const { health, version } = attributes;
        const client = relationships.auth_client.data.id;
        return (
          <tr>
            <td>
              <a href={`${base}/secrets/${id}`}>{attributes.name}</a>
              {attributes.state === "error" ? <span class="small muted">{stateSentence(secret)}</span> : null}
            </td>
            <td>
              <StateBadge secret={secret} />
            </td>
            <td data-label="Auth client">
              {nameOf.has(client) ? <a href={`${base}/clients/${client}`}>{nameOf.get(client)}</a> : attributes.type}
            </td>
            <td data-label="Token ends">
              {health?.token_expires_at == null ? "—" : <When at={health.token_expires_at} now={now} />}
            </td>
            <td data-label="Renewed next">
              {health?.next_refresh_at == null ? "—" : <When at={health.next_refresh_at} now={now} />}
            </td>
            <td data-label="Version" class="number">
              {version ?? "—"}
            </td>
          </tr>
        );
      })}
    </>
  );
}

/** Reads the clients that can be used here, a hundred at most: others are picked on their own pages. */
async function firstClients(c: Context): Promise<Answer<AuthClient[]>> {
  if (!seesClients(c)) return { data: [], meta: {} };
  return await read<AuthClient[]>(c, `/v2/auth-clients?page[size]=100&${hereQuery(c)}`);
}

/** Adds those that are chosen or shown, where they are not among the first. */
async function withThese(c: Context, { data, meta }: Answer<AuthClient[]>, ids: Set<string>): Promise<AuthClient[]> {
  if ((meta.total ?? 0) <= data.length) return data;
  for (const { id } of data) ids.delete(id);
  const others = await Promise.all([...ids].map((id) => clientNamed(c, id)));
  return [...others.filter((each) => each !== null), ...data];
}
