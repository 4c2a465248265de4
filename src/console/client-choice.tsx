/** Picking the auth client of a new secret: any of those that can be used here, found by name where there are many. */

import type { AuthClient } from "./registration-fields.tsx";
import { hereQuery } from "./access.ts";
import { Choice, Form, Pick } from "./form.tsx";
import { Pages, readPage } from "./list.tsx";
import { type Answer, baseOf, type Context, readIfAny } from "./service.ts";

/** As many stand in one choice. */
const MOST_CHOICES = 100;

/** Reads the page that the address asks for of the clients that can be used here and have this in their name. */
export async function clientsNamed(c: Context, name: string, size: number): Promise<Answer<AuthClient[]>> {
  const query = new URLSearchParams(hereQuery(c));
  if (name !== "") query.set("filter[name]", name);
  return await readPage<AuthClient>(c, "/v2/auth-clients", size, query.toString());
}

/** Finds a client that can be used here; null: there is none that the person may see. */
export async function clientNamed(c: Context, id: string): Promise<AuthClient | null> {
  if (id === "") return null;
  return (await readIfAny<AuthClient>(c, `/v2/auth-clients/${encodeURIComponent(id)}?${hereQuery(c)}`))?.data ?? null;
}

/** Reads what the choice shows for the address of this page. */
export async function choicesOf(c: Context): Promise<Answer<AuthClient[]>> {
  return await clientsNamed(c, c.req.query("find") ?? "", MOST_CHOICES);
}

/** Lets one be picked. Where they do not fit, they are looked for by name, or page by page. */
export function ClientChoice({
  c,
  chosen,
  choices: { data, meta },
}: {
  c: Context;
  chosen: AuthClient | null;
  choices: Answer<AuthClient[]>;
}) {
  const find = c.req.query("find") ?? "";
  const path = `${baseOf(c)}/secrets/new`;
  const isMany = find !== "" || (meta.total ?? 0) > data.length;
  const shown = chosen === null || data.some(({ id }) => id === chosen.id) ? data : [chosen, ...data];
  return (
    <>
      {isMany ? <Search label="Find an auth client by name" name="find" value={find} /> : null}
      {shown.length === 0 ? <p>No auth client has this in its name.</p> : null}
      {shown.length === 0 ? null : (
        <form class="form">
          {find === "" ? null : <input type="hidden" name="find" value={find} />}
          <div class="inline">
            <div class="wide">
              <Pick form={new Form()} name="client" label="Auth client" required>
                <Choice value="" chosen={chosen?.id ?? ""}>
                  Choose …
                </Choice>
                {shown.map(({ id, attributes }) => (
                  <Choice value={id} chosen={chosen?.id ?? ""}>
                    {attributes.name} ({attributes.provider ?? attributes.type})
                  </Choice>
                ))}
              </Pick>
            </div>
            <button class="quiet">Use this</button>
          </div>
        </form>
      )}
      {isMany ? <Pages meta={meta} path={find === "" ? path : `${path}?find=${encodeURIComponent(find)}`} /> : null}
    </>
  );
}

/** A search by name. */
export function Search({ label, name, value }: { label: string; name: string; value: string }) {
  return (
    <form class="inline" role="search">
      <div class="field wide">
        <label for={name}>{label}</label>
        <input id={name} name={name} type="search" value={value} />
      </div>
      <button class="quiet">Search</button>
    </form>
  );
}
