/** Auth clients: the list, with search by name. */

import { levelsToMake, may, placeInWords } from "./access.ts";
import { clientsNamed, Search } from "./client-choice.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { Pages, Table } from "./list.tsx";
import type { AuthClient } from "./registration-fields.tsx";
import { baseOf, type Context } from "./service.ts";

const PAGE_SIZE = 50;

/** Shows the clients that can be used here. */
export async function clientsPage(c: Context): Promise<Response> {
  const base = baseOf(c);
  const name = c.req.query("name") ?? "";
  const { data, meta } = await clientsNamed(c, name, PAGE_SIZE);
  const isMany = name !== "" || (meta.total_pages ?? 1) > 1;
  const mayMake = levelsToMake(c, "client").length > 0;
  const make = mayMake ? (
    <a class="button" href={`${base}/clients/new`}>
      New auth client
    </a>
  ) : undefined;
  return await show(c, {
    title: "Auth clients",
    tab: "clients",
    children: (
      <>
        <Title actions={data.length > 0 || isMany ? make : undefined}>Auth clients</Title>
        <p class="lede">
          An app’s registration at a provider: what everybody who connects an account with it has in common.
        </p>
        {isMany ? <Search label="Name" name="name" value={name} /> : null}
        {data.length === 0 && isMany ? (
          <Empty title="Nothing matches">
            <div class="actions">
              <a href={`${base}/clients`}>Show all</a>
            </div>
          </Empty>
        ) : data.length === 0 ? (
          <Empty title="There is none yet">
            <p>
              Register an app at a provider, for instance Salesforce or Google, and put its client id and secret here.
            </p>
            <div class="actions">{make}</div>
          </Empty>
        ) : (
          <>
            <Table columns={["Name", "Type", "Provider", "For", ...(c.get("workspace") === null ? [] : ["Secrets"])]}>
              {data.map((client) => (
                <Row c={c} client={client} />
              ))}
            </Table>
            <Pages meta={meta} path={`${base}/clients?name=${encodeURIComponent(name)}`} />
          </>
        )}
      </>
    ),
  });
}

function Row({ c, client: { id, attributes, relationships, meta } }: { c: Context; client: AuthClient }) {
  return (
    <tr>
      <td>
        <a href={`${baseOf(c)}/clients/${id}`}>{attributes.name}</a>
        {meta === undefined ? null : <span class="badge bad">Unreadable</span>}
      </td>
      <td data-label="Type">
        <code>{attributes.type}</code>
      </td>
      <td data-label="Provider">{attributes.provider ?? attributes.issuer ?? "—"}</td>
      <td data-label="For">{placeInWords(relationships)}</td>
      {c.get("workspace") === null ? null : (
        <td data-label="Secrets">
          {may(c, "workspaces.auth_secret.get") ? <a href={`${baseOf(c)}/secrets?client=${id}`}>Show</a> : ""}
        </td>
      )}
    </tr>
  );
}
