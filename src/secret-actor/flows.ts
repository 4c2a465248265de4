/** The consent flows of a record, as data: how they change, end, make room for each other and are shown. Pure. */

import type { Happened } from "../domain/events.ts";
import type { AuthorizationId } from "../domain/ids.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import { askedScopes } from "../domain/oauth2/request.ts";
import type { Reason } from "../domain/oauth2/response.ts";
import { filledUri, type Variables } from "../domain/oauth2/variables.ts";
import { blankSecret, type Secret } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import type { AuthorizationView, NewAuthorization, Question } from "./door.ts";
import type { ActorRecord, Authorization } from "./record.ts";

/** As many flows are kept; the oldest that has ended gives way, and while none has, no other starts. */
const MOST_FLOWS = 10;

const EXCHANGE_GRACE_MS = 60_000;

/** Makes a flow that nobody has opened yet. `secret` is the one whose consent it renews. */
export function newFlow(input: NewAuthorization, secret: Secret | null, now: number): Authorization {
  return {
    id: input.id,
    authClientId: input.authClientId,
    status: "pending",
    reason: null,
    renews: input.renews,
    allowAccountChange: input.allowAccountChange,
    name: input.name ?? secret?.name ?? "",
    userId: input.userId ?? secret?.userId ?? null,
    scopes: input.scopes,
    additionalParams: input.additionalParams,
    fields: input.fields,
    returnUrl: input.returnUrl,
    createdAt: now,
    expiresAt: input.expiresAt,
    openings: [],
    startedBy: input.principal,
    requestId: input.requestId,
  };
}

/** Decides whether a flow can still end in a grant. */
export function isOpen({ status }: Authorization): boolean {
  return status === "pending" || status === "exchanging";
}

/** Gives the moment at which an open flow ends by itself. An exchange that started in the last moment has time to come back. */
export function endsAt({ status, expiresAt }: Authorization): number {
  return status === "exchanging" ? expiresAt + EXCHANGE_GRACE_MS : expiresAt;
}

/** Changes one flow of a record. */
export function changed(record: ActorRecord, id: AuthorizationId, change: Partial<Authorization>): Authorization[] {
  return record.authorizations.map((flow) => (flow.id === id ? { ...flow, ...change } : flow));
}

/** What an ended flow has left of what it was given. */
export const NOTHING_KEPT = {
  openings: [],
  scopes: [],
  additionalParams: null,
  fields: null,
} satisfies Partial<Authorization>;

/** What a flow that failed looks like. */
export function ended(reason: Reason): Partial<Authorization> {
  return { status: "failed", reason, ...NOTHING_KEPT };
}

/** Tells which flows started or ended between two states of a record. */
export function flowEvents(before: readonly Authorization[], after: readonly Authorization[]): Happened[] {
  return after.flatMap((flow): Happened[] => {
    const known = before.find(({ id }) => id === flow.id);
    const { startedBy, requestId } = flow;
    if (known === undefined)
      return [
        { event: "authorization.started", actor: startedBy ?? "system", outcome: "ok", requestId: requestId ?? null },
      ];
    if (known.status === flow.status || isOpen(flow)) return [];
    const actor = known.status === "exchanging" ? "person" : "system";
    const moved = { actor, reason: flow.reason, requestId: requestId ?? null };
    return flow.status === "completed"
      ? [{ event: "authorization.completed", outcome: "ok", ...moved }]
      : [{ event: "authorization.failed", outcome: "failed", ...moved }];
  });
}

/** Makes room for one more flow. @throws {ServiceError} `conflict` */
export function withRoom(flows: Authorization[]): Authorization[] {
  if (flows.length < MOST_FLOWS) return flows;
  const oldest = flows.findIndex((flow) => !isOpen(flow));
  if (oldest === -1) throw new ServiceError("conflict", `This secret has ${MOST_FLOWS} open consent flows already.`);
  return flows.toSpliced(oldest, 1);
}

/** The secret that a flow's first grant becomes the first version of. */
export function newSecret({ id, workspaceId }: ActorRecord, flow: Authorization, now: number): Secret {
  const { authClientId, userId, name, additionalParams, fields, scopes } = flow;
  const facts = { id, workspaceId, authClientId, userId, type: "oauth2", name, additionalParams, fields, scopes };
  return blankSecret(facts, now);
}

/** Says what a person is asked in a flow, and by whose provider. */
export function questionOf(
  { name, renews, scopes }: Authorization,
  clientName: string,
  { auth_uri, flavour = {} }: OAuth2Registration,
  variables: Variables,
): Question {
  const uri = filledUri(auth_uri, flavour.hosts, variables);
  const providerHost = uri === null ? null : new URL(uri).host;
  return { name, renews, clientName, providerHost, scopes: askedScopes(flavour, scopes) };
}

/** Shows a flow outside. An exchange under way is still pending. */
export function viewOf(record: ActorRecord, flow: Authorization): AuthorizationView {
  return {
    id: flow.id,
    secretId: record.id,
    workspaceId: record.workspaceId,
    authClientId: flow.authClientId,
    status: flow.status === "exchanging" ? "pending" : flow.status,
    reason: flow.reason,
    returnUrl: flow.returnUrl,
    expiresAt: flow.expiresAt,
  };
}
