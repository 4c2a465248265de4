/** Sessions that somebody ended by signing out, by their fingerprint, until they would be over anyway. Few: a row for each sign-out of eight hours. */

const FIND = "SELECT 1 FROM ended_sessions WHERE session = ?";
const INSERT = "INSERT INTO ended_sessions (session, over_at) VALUES (?, ?) ON CONFLICT DO NOTHING";
const FORGET = "DELETE FROM ended_sessions WHERE over_at <= ?";

/** Decides whether somebody has ended a session. */
export async function hasEnded(db: D1Database, session: string): Promise<boolean> {
  return (await db.prepare(FIND).bind(session).first()) !== null;
}

/** Notes that a session was ended, and forgets those that are over by now. Instants are milliseconds since the epoch. */
export async function endSession(db: D1Database, session: string, overAt: number, now: number): Promise<void> {
  await db.batch([db.prepare(FORGET).bind(now), db.prepare(INSERT).bind(session, overAt)]);
}
