/** What routes tell the trail: who did what in which place, who was refused, and which credentials went to whom. */

import { routePath } from "hono/route";
import type { EventType, Subject } from "../domain/events.ts";
import type { SecretId } from "../domain/ids.ts";
import type { Lineage } from "../domain/place.ts";
import { holds } from "../domain/permissions.ts";
import type { SecretView } from "../domain/secret.ts";
import { type ErrorCode, type ServiceError, toServiceError } from "../errors.ts";
import { type Noted, outboxOf } from "../events/outbox.ts";
import type { Context } from "./context.ts";

/** Notes what the caller did. `version` is that of the thing afterwards, where it has versions. */
export function noteDone(
  c: Context,
  event: EventType,
  where: Lineage,
  subject: Subject,
  version: number | null = null,
): void {
  add(c, { event, where, subject, version, outcome: "ok", reason: null });
}

/** What a provider, or what its client says, was the reason for. */
const OF_PROVIDERS = new Set<ErrorCode>([
  "client_misconfigured",
  "provider_refused",
  "provider_unreachable",
  "reauthorization_required",
]);

/** Gives what comes of work that fetches a grant, and notes when the provider gave none, with the code that the caller gets. */
export async function notingRefusal<T>(
  c: Context,
  event: EventType,
  where: Lineage,
  id: SecretId,
  work: Promise<T>,
): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code } = toServiceError(error).failure;
    const subject: Subject = { type: "auth-secret", id };
    if (OF_PROVIDERS.has(code)) {
      add(c, { event, where, subject, version: null, outcome: "failed", reason: code });
    }
    throw error;
  }
}

/** Notes that the caller gets the credentials of a secret. */
export function noteRead(c: Context, where: Lineage, id: SecretId, version: number): void {
  noteDone(c, "secret.credentials_read", where, { type: "auth-secret", id }, version);
}

/** Decides whether the caller may see the credentials of a secret that they read, and notes that they do if there are any. */
export function noteIfShown(c: Context, where: Lineage, { id, version, credentials }: SecretView): boolean {
  const isShown = holds(c.get("principal"), "workspaces.auth_secret.get_credentials");
  if (isShown && (credentials.kind === "plain" || credentials.accessToken !== null)) noteRead(c, where, id, version);
  return isShown;
}

/** Notes that the caller asked for something in a place that they may not have, and gives the error back. */
export function noteDenied(c: Context, where: Lineage, error: ServiceError): ServiceError {
  const subject: Subject = { type: "route", id: `${c.req.method} ${routePath(c)}` };
  const { code: reason } = error.failure;
  add(c, { event: "access.denied", where, subject, version: null, outcome: "denied", reason });
  return error;
}

/** On the way of every token read: nothing is made here that is not kept. */
function add(c: Context, what: Omit<Noted, "at" | "actor" | "requestId">): void {
  const { event, outcome, reason, version, subject, where } = what;
  const actor = c.get("principal").id;
  const requestId = c.get("requestId");
  const noted: Noted = { event, at: Date.now(), actor, outcome, reason, version, requestId, subject, where };
  outboxOf(c.env).add(noted, () => (work) => c.executionCtx.waitUntil(work));
}
