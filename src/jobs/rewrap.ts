/**
 * The rewrap: brings everything that is stored under the key that seals now, so that others can be dropped (docs/decisions/0023). What D1 holds
 * is sealed anew here, what actors hold by themselves. A record that does not open is named and holds up nothing.
 */

import { type Env, settingsOf } from "../bindings.ts";
import { toServiceError } from "../errors.ts";
import { secretStub } from "../secret-actor/stub.ts";
import { findClientsUnderOthers, replacingCredentials, rewrapAuthClient } from "../store/auth-clients.ts";
import { findIssuersUnderOthers, replacingMetadata, rewrapMetadata } from "../store/issuers.ts";
import {
  findSecretsUnderOthers,
  forgetOrphans,
  noteRewrap,
  type RecordCounts,
  type RewrapProgress,
  type SecretUnderOthers,
} from "../store/rewraps.ts";
import { log } from "../telemetry.ts";

/** What the rewrap has come to so far. */
export interface Rewrap extends RewrapProgress {
  kind: "rewrap";
  requestId: string;
  /** The key under which everything comes. */
  kid: string;
  at: keyof RecordCounts;
  /** The record of that kind from which it goes on. */
  after: string;
  /** How many passes were begun, this one too. */
  passes: number;
  /** What this pass found to do. */
  found: number;
  /** How often the ring had another first key. */
  misses: number;
}

/** What a step leaves to do, and after which pause. */
interface LeftOfRewrap {
  job: Rewrap;
  trouble: string | null;
  pauseMs?: number;
}

/** One record of a page, and what came of it. */
interface Told {
  name: string;
  kind: "done" | "behind" | "gone" | "unopened";
}

const NOTHING: RecordCounts = { authClients: 0, issuers: 0, authSecrets: 0 };
const NEXT = { authClients: "issuers", issuers: "authSecrets", authSecrets: null } as const;
/** How many records of a kind are sealed anew at once. */
const PAGE_SIZE = 50;
const PATIENCE_MS = 15_000;
/**
 * The time between two passes. An isolate that was started with the ring before may seal under another key for some minutes yet, and what a
 * consent keeps lives for eleven; so what is looked at after this has the last word.
 */
export const SETTLE_MS = 15 * 60_000;
/** With the pauses of a failing job: some minutes. */
const MOST_MISSES = 10;
/** After so many, two hours, what never answers is left to the cron trigger. Its old key stays one that is needed. */
const MOST_PASSES = 8;
/** The job's own record has to stay small. */
const MOST_NAMED = 100;
/** A younger entry without a secret may be on its way to one. */
const ORPHAN_AFTER_MS = 60 * 60_000;

/** Makes the job of a key. */
export function newRewrap(kid: string, requestId: string): Rewrap {
  const nothingYet = { done: NOTHING, unopened: [], behind: [] };
  return { kind: "rewrap", requestId, kid, ...nothingYet, ...firstOfPass(), passes: 1, misses: 0 };
}

function firstOfPass() {
  return { at: "authClients", after: "", found: 0 } as const;
}

/** Brings some records under the key. Null: there is nothing left to do. */
export async function rewrapSome(env: Env, job: Rewrap): Promise<LeftOfRewrap | null> {
  const [first] = settingsOf(env).kids();
  if (first !== job.kid) return afterMiss(job, first);
  const { told, last } = await PAGES[job.at](env, job);
  const next = noting(job, told);
  // What is written here and in the records is done twice if need be.
  if (last !== null) {
    await noteRewrap(env.DB, job.kid, "rewrapping", null, next);
    return { job: { ...next, after: last }, trouble: null };
  }
  const following = NEXT[job.at];
  if (following !== null) return { job: { ...next, at: following, after: "" }, trouble: null };
  return await endPass(env, next);
}

/** This isolate may have been started with the ring before. When it goes on, the ring was changed again, and the key that is first now has a job of its own. */
function afterMiss(job: Rewrap, first: string): LeftOfRewrap | null {
  if (job.misses === MOST_MISSES) return null;
  const trouble = `the ring's first key is ${first}, not ${job.kid}`;
  return { job: { ...job, misses: job.misses + 1 }, trouble };
}

function noting(job: Rewrap, told: Told[]): Rewrap {
  const named = (kind: Told["kind"]) => told.filter((each) => each.kind === kind).map(({ name }) => name);
  const count = named("done").length;
  return {
    ...job,
    done: { ...job.done, [job.at]: job.done[job.at] + count },
    found: job.found + count + named("behind").length,
    unopened: [...job.unopened, ...named("unopened")].slice(0, MOST_NAMED),
    behind: [...job.behind, ...named("behind")].slice(0, MOST_NAMED),
    misses: 0,
  };
}

async function endPass(env: Env, job: Rewrap): Promise<LeftOfRewrap | null> {
  const { kid, requestId, unopened, behind } = job;
  if (behind.length > 0) {
    const internal = `${kid}: ${namesOf(behind)} did not do it, and are asked again`;
    log({ kind: "alert", what: "rewrap_behind", request_id: requestId, internal });
  }
  if (job.passes > 1 && (job.found === 0 || job.passes >= MOST_PASSES)) {
    await noteRewrap(env.DB, kid, "finished", Date.now(), job);
    if (unopened.length > 0) {
      const internal = `${kid}: ${namesOf(unopened)} do not open`;
      log({ kind: "alert", what: "rewrap_unopened", request_id: requestId, internal });
    }
    return null;
  }
  await noteRewrap(env.DB, kid, "settling", null, job);
  const next = { ...job, ...firstOfPass(), passes: job.passes + 1, unopened: [], behind: [] };
  return { job: next, trouble: null, pauseMs: SETTLE_MS };
}

function namesOf(records: string[]): string {
  return records.length < MOST_NAMED ? records.join(" ") : `${records.join(" ")} and maybe more`;
}

interface PageOfRecords {
  told: Told[];
  /** The last of them, from which the next page goes on; null: there is none. */
  last: string | null;
}

const PAGES: Record<keyof RecordCounts, (env: Env, job: Rewrap) => Promise<PageOfRecords>> = {
  authClients: async (env, { kid, after }) => {
    const { cipher } = settingsOf(env);
    const found = await findClientsUnderOthers(env.DB, kid, after, PAGE_SIZE);
    return await inD1(
      env.DB,
      found,
      ({ id }) => id,
      "auth-client",
      async (client) =>
        // What its issuer tells has a row of its own.
        replacingCredentials(
          env.DB,
          client,
          (await rewrapAuthClient(cipher, { ...client, sealedMetadata: null })).credentials,
        ),
    );
  },
  issuers: async (env, { kid, after }) => {
    const { cipher } = settingsOf(env);
    const found = await findIssuersUnderOthers(env.DB, kid, after, PAGE_SIZE);
    return await inD1(
      env.DB,
      found,
      ({ issuer }) => issuer,
      "issuer",
      async (known) => replacingMetadata(env.DB, known, await rewrapMetadata(cipher, known.issuer, known.metadata)),
    );
  },
  authSecrets: async (env, job) => {
    const found = await findSecretsUnderOthers(env.DB, job.kid, job.after, PAGE_SIZE);
    const told = await Promise.all(found.map((secret) => ask(env, secret, job)));
    const gone = found.filter((_, index) => told[index]?.kind === "gone").map(({ id }) => id);
    if (gone.length > 0) await forgetOrphans(env.DB, gone, Date.now() - ORPHAN_AFTER_MS);
    return { told, last: lastOf(found, ({ id }) => id) };
  },
};

async function inD1<Row>(
  db: D1Database,
  found: Row[],
  idOf: (row: Row) => string,
  type: string,
  replacing: (row: Row) => Promise<D1PreparedStatement>,
): Promise<PageOfRecords> {
  const settled = await Promise.allSettled(found.map(replacing));
  const statements = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  if (statements.length > 0) await db.batch(statements);
  const told = found.map((row, index): Told => {
    return { name: `${type}/${idOf(row)}`, kind: settled[index]?.status === "fulfilled" ? "done" : "unopened" };
  });
  return { told, last: lastOf(found, idOf) };
}

function lastOf<Row>(found: Row[], idOf: (row: Row) => string): string | null {
  const last = found.at(-1);
  return last === undefined || found.length < PAGE_SIZE ? null : idOf(last);
}

async function ask(env: Env, { workspaceId, id, kids }: SecretUnderOthers, { kid, requestId }: Rewrap): Promise<Told> {
  const name = `workspace/${workspaceId}/auth-secret/${id}`;
  try {
    const answer = await secretStub(env, workspaceId, id, PATIENCE_MS).rewrap({ requestId, said: kids });
    return { name, kind: answer.kids === kid ? "done" : "behind" };
  } catch (error) {
    const { code } = toServiceError(error).failure;
    if (code === "not_found") return { name, kind: "gone" };
    return { name, kind: code === "storage_integrity" ? "unopened" : "behind" };
  }
}
