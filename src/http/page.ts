/** Pages of lists: which one is asked for, and how a list is written with the way to the others. */

import { listDocument } from "../jsonapi/document.ts";
import type { Page, Paged } from "../store/page.ts";
import type { Context } from "./context.ts";
import { wholeNumber } from "./parameters.ts";
import { writeDocument, type Written } from "./write.ts";

const DEFAULT_SIZE = 20;
const MAX_SIZE = 100;
const MAX_NUMBER = 1_000_000;

/** What every list takes in its query. */
export const pageQuery = {
  "page[size]": wholeNumber(1, MAX_SIZE)
    .optional()
    .openapi({ description: `Entries on a page, at most ${MAX_SIZE}; ${DEFAULT_SIZE} when only the number is given.` }),
  "page[number]": wholeNumber(1, MAX_NUMBER)
    .optional()
    .openapi({ description: `Which page, from 1. Without any page[…] the first ${MAX_SIZE} entries are the answer.` }),
};

/** Reads which page is asked for. Existing clients name none and read one answer, so that is as long as it may be. */
export function pageOf(query: { "page[size]"?: number | undefined; "page[number]"?: number | undefined }): Page {
  const [size, number] = [query["page[size]"], query["page[number]"]];
  if (size === undefined && number === undefined) return { size: MAX_SIZE, number: 1 };
  return { size: size ?? DEFAULT_SIZE, number: number ?? 1 };
}

/** Writes a page of a list. The links keep the rest of the query. */
export function writeList(c: Context, { total }: Paged<unknown>, { size, number }: Page, data: unknown[]): Written {
  const pages = Math.max(1, Math.ceil(total / size));
  const linkTo = (page: number) => {
    const url = new URL(c.req.url);
    url.searchParams.set("page[size]", String(size));
    url.searchParams.set("page[number]", String(page));
    return url.pathname + url.search;
  };
  const links = {
    self: linkTo(number),
    first: linkTo(1),
    prev: number > 1 ? linkTo(Math.min(number - 1, pages)) : null,
    next: number < pages ? linkTo(number + 1) : null,
    last: linkTo(pages),
  };
  return writeDocument(200, listDocument(data, { page: number, per_page: size, total, total_pages: pages }, links));
}
