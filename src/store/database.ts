/**
 * The database itself. Today there is one, and nothing in this folder knows which: every function takes the one that it works in as its first
 * argument, and callers hand it the binding `DB`. Should tenants come to lie in databases of their own (docs/CAPACITY.md says when, and how), who
 * chooses by what contains a place stands here, and no statement changes.
 */

/** Returns when D1 answers, and rejects when it does not. */
export async function requireAnswer(db: D1Database): Promise<void> {
  await db.prepare("SELECT 1").run();
}
