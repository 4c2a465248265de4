/** One page of a table, and how much there is in all. */

/** A part of a WHERE clause, with a value for each `?`. */
export interface Condition {
  sql: string;
  values: (string | number | null)[];
}

/** Which page: numbers start at 1. */
export interface Page {
  size: number;
  number: number;
}

export interface Paged<T> {
  items: T[];
  /** On all pages. */
  total: number;
}

/** Narrows a list to those with this in their name, in any case of its ASCII letters. */
export function nameHolds(part: string): Condition {
  return { sql: "instr(lower(name), lower(?)) > 0", values: [part] };
}

/** Reads one page, oldest first. `from` has the columns `created_at` and `id`. */
export async function readPage<Row>(
  db: D1Database,
  from: string,
  conditions: Condition[],
  { size, number }: Page,
): Promise<Paged<Row>> {
  const where = ["1", ...conditions.map(({ sql }) => `(${sql})`)].join(" AND ");
  const values = conditions.flatMap((condition) => condition.values);
  const [counted, found] = await db.batch<Row & { total: number }>([
    db.prepare(`SELECT count(*) AS total FROM ${from} WHERE ${where}`).bind(...values),
    db
      .prepare(`SELECT * FROM ${from} WHERE ${where} ORDER BY created_at, id LIMIT ? OFFSET ?`)
      .bind(...values, size, (number - 1) * size),
  ]);
  return { items: found?.results ?? [], total: counted?.results[0]?.total ?? 0 };
}
