/** Lists: how a page of one is read and found again, how it stands as a table, and the way to its other pages. */

import type { Child } from "hono/jsx";
import { type Answer, type Context, read } from "./service.ts";

/** Reads the page of a list that the address asks for. `query` narrows it, under the names of the API. @throws {Refusal} */
export async function readPage<Item>(
  c: Context,
  path: string,
  size: number,
  query: string | Record<string, string> = {},
): Promise<Answer<Item[]>> {
  const asked = new URLSearchParams(query);
  asked.set("page[size]", String(size));
  asked.set("page[number]", String(Number(c.req.query("page")) || 1));
  return await read<Item[]>(c, `${path}?${asked.toString()}`);
}

/** A column: what stands above it, `unseen` where that is only said; numbers stand at its right end. */
type Column = string | { unseen: string } | { number: string };

/** Shows rows under the names of their columns. On a narrow screen each row folds into a block. */
export function Table({ columns, children }: { columns: readonly Column[]; children?: Child }) {
  return (
    <div class="table">
      <table class="folds">
        <thead>
          <tr>
            {columns.map((column) => {
              if (typeof column === "string") return <th>{column}</th>;
              if ("number" in column) return <th class="number">{column.number}</th>;
              return (
                <th>
                  <span class="unseen">{column.unseen}</span>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Leads to the other pages of a list. */
export function Pages({ meta, path }: { meta: Answer<unknown>["meta"]; path: string }) {
  const { total = 0, total_pages: pages = 1, page: at = 1 } = meta;
  const to = (number: number) => `${path}${path.includes("?") ? "&" : "?"}page=${number}`;
  return (
    <nav class="pages" aria-label="Pages">
      <span>
        {total === 1 ? "1 entry" : `${total} entries`}
        {pages > 1 ? `, page ${at} of ${pages}` : ""}
      </span>
      <span class="actions">
        {at > 1 ? <a href={to(at - 1)}>Previous</a> : null}
        {at < pages ? <a href={to(at + 1)}>Next</a> : null}
      </span>
    </nav>
  );
}
