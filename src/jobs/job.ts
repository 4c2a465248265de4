/** Work that is too long for one request, as data: what it is, and how far it has come. Each step does a page of it. */

import type { Env } from "../bindings.ts";
import type { AuthClientId, SecretId, WorkspaceId } from "../domain/ids.ts";
import { secretStub, type SecretStub } from "../secret-actor/stub.ts";
import type { NarrowPlace } from "../store/places.ts";
import {
  findContractIn,
  findSecretsIn,
  findWorkspaceIn,
  forgetPlace,
  forgetSecrets,
  markRemoved,
} from "../store/removals.ts";
import { findSecretsInError } from "../store/secrets.ts";

/**
 * `remove`: a deleted place, with everything below it, secrets' actors first · `wake`: the secrets that wait for a change of their
 * auth client, from the one after `after` on.
 */
export type Job = { kind: "remove"; place: NarrowPlace } | { kind: "wake"; client: AuthClientId; after: string };

/** How many actors are called at once. */
const PAGE_SIZE = 100;

/** Prepares a job before its first step; does no harm when done twice. */
export async function prepare(env: Env, job: Job): Promise<void> {
  if (job.kind === "remove") await markRemoved(env.DB, job.place, Date.now());
}

/** Does one step. Gives what is left to do; null when that is nothing. */
export async function step(env: Env, job: Job): Promise<Job | null> {
  return job.kind === "remove" ? await removeSome(env, job) : await wakeSome(env, job);
}

async function removeSome(env: Env, job: Job & { kind: "remove" }): Promise<Job | null> {
  const workspace = await findWorkspaceIn(env.DB, job.place);
  if (workspace !== null) {
    const ids = await findSecretsIn(env.DB, workspace, PAGE_SIZE);
    if (ids.length > 0) await removeSecrets(env, workspace, ids);
    else await forgetPlace(env.DB, { level: "workspace", id: workspace });
    return job;
  }
  const contract = await findContractIn(env.DB, job.place);
  if (contract === null) {
    await forgetPlace(env.DB, job.place);
    return null;
  }
  await forgetPlace(env.DB, { level: "contract", id: contract });
  return job;
}

/** Removes what the actors hold, then what the index knows: should this end in between, the next step does it again. */
async function removeSecrets(env: Env, workspace: WorkspaceId, ids: SecretId[]): Promise<void> {
  const cleared = await Promise.allSettled(ids.map((id) => at(env, workspace, id, (stub, ask) => stub.clear(ask))));
  const gone = ids.filter((_, index) => cleared[index]?.status === "fulfilled");
  if (gone.length > 0) await forgetSecrets(env.DB, workspace, gone);
  const failure = cleared.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

async function wakeSome(env: Env, job: Job & { kind: "wake" }): Promise<Job | null> {
  const secrets = await findSecretsInError(env.DB, job.client, job.after, PAGE_SIZE);
  await Promise.allSettled(
    secrets.map(({ workspaceId, id }) => at(env, workspaceId, id, (stub, ask) => stub.clientChanged(ask))),
  );
  const last = secrets.at(-1);
  return last === undefined || secrets.length < PAGE_SIZE ? null : { ...job, after: last.id };
}

async function at(
  env: Env,
  workspace: WorkspaceId,
  id: SecretId,
  call: (stub: SecretStub, ask: { requestId: string }) => Promise<unknown>,
): Promise<void> {
  await call(secretStub(env, workspace, id), { requestId: crypto.randomUUID() });
}
