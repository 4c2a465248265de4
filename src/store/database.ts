/** The database itself. */

/** Returns when D1 answers, and rejects when it does not. */
export async function requireAnswer(db: D1Database): Promise<void> {
  await db.prepare("SELECT 1").run();
}
