/** Secrets whose alarm was lost, what the index says of when to look at them, and the cron trigger that does. Runs inside workerd. */

import { createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { SecretActor } from "../../src/secret-actor/actor.ts";
import worker from "../../src/worker.ts";
import { actorOf, call } from "./api.ts";
import { makeClient, makeSecret } from "./estate.ts";

/** Some noon: a run of the cron trigger that does nothing which is done once a day. */
const NOON = Date.UTC(2026, 0, 1, 12);
/** The run that does. */
export const MIDNIGHT = Date.UTC(2026, 0, 1);

/** Lets the cron trigger fire, with other bindings where they are given. */
export async function fireCron(bindings?: object, scheduledTime = NOON): Promise<void> {
  const controller = createScheduledController({ scheduledTime: new Date(scheduledTime) });
  await worker.scheduled(controller, bindings === undefined ? env : { ...env, ...bindings });
}

/** The object of the sweep. */
export function sweepJob(): DurableObjectStub {
  return env.JOBS.get(env.JOBS.idFromName("sweep"));
}

/** Takes a secret's alarm away behind its back, as a bug would. */
export async function loseAlarm(path: string): Promise<void> {
  await runInDurableObject(actorOf(path), (_, { storage }) => storage.deleteAlarm());
}

/** Makes secrets whose token lives for an hour. */
export async function makeSecrets(count: number): Promise<string[]> {
  const client = await makeClient("oauth2", []);
  return await Promise.all(Array.from({ length: count }, () => makeSecret("w", client, "oauth2")));
}

/** Writes entries into the index that lead to no secret, as one does that lands after a deletion. */
export async function insertOrphans(count: number, createdAt: number, checkAt: number): Promise<string[]> {
  const client = await makeClient("oauth2", []);
  const ids = Array.from({ length: count }, () => crypto.randomUUID());
  const sql = `INSERT INTO secrets (id, workspace_id, auth_client_id, type, name, state, created_at, check_at)
    SELECT value, 'w', ?2, 'oauth2', 'x', 'ready', ?3, ?4 FROM json_each(?1)`;
  await env.DB.prepare(sql).bind(JSON.stringify(ids), client, createdAt, checkAt).run();
  return ids;
}

/** Forgets what other tests of the file left in the index, so that no sweep finds it. */
export async function emptyIndex(): Promise<void> {
  await env.DB.exec("DELETE FROM secrets");
}

export function idOf(path: string): string {
  return path.split("/").at(-1) ?? "";
}

/** When the sweep looks at a secret next; undefined: the index does not know it. */
export async function checkAtOf(path: string): Promise<number | null | undefined> {
  const row = await env.DB.prepare("SELECT check_at FROM secrets WHERE id = ?")
    .bind(idOf(path))
    .first<{ check_at: number | null }>();
  return row?.check_at;
}

/** What the maintenance route says. */
export async function overdue() {
  return (await call("GET", "/v2/maintenance/overdue")).body.data.attributes;
}

/** Counts what inspections are asked for, and lets those of some secrets end otherwise. */
export function watchInspections(otherwise: Record<string, () => Promise<never>> = {}): string[] {
  const inspect: SecretActor["inspect"] = Reflect.get(SecretActor.prototype, "inspect");
  const special = new Map(Object.entries(otherwise).map(([path, work]) => [String(actorOf(path).id), work]));
  const asked: string[] = [];
  vi.spyOn(SecretActor.prototype, "inspect").mockImplementation(async function (this: SecretActor, input) {
    const id = String((this as unknown as { ctx: DurableObjectState }).ctx.id);
    asked.push(id);
    return await (special.get(id) ?? (() => inspect.call(this, input)))();
  });
  return asked;
}

/** Counts the statements that D1 is asked to run, by whomever. */
export function watchStatements(): string[] {
  const statements: string[] = [];
  const prototype = Object.getPrototypeOf(env.DB) as D1Database;
  const prepare: D1Database["prepare"] = Reflect.get(prototype, "prepare");
  vi.spyOn(prototype, "prepare").mockImplementation(function (this: D1Database, sql) {
    statements.push(sql.replaceAll(/\s+/g, " "));
    return prepare.call(this, sql);
  });
  return statements;
}
