/**
 * The consent flows of one secret: opened in a browser, answered at the callback, their code exchanged here (RFC 6749 4.1).
 * A flow is bound to the browser that opened it, lives ten minutes and is used once.
 */

import * as oauth from "oauth4webapi";
import type { RecordIdentity } from "../crypto/seal.ts";
import { callbackPath, policyOf, redirectUri } from "../domain/auth-client.ts";
import { sameDigest } from "../domain/digest.ts";
import type { AuthorizationId } from "../domain/ids.ts";
import { callbackExtra } from "../domain/oauth2/hearing.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import { renewedWith } from "../domain/oauth2/renewal.ts";
import { authorizationUrl, type TokenRequest } from "../domain/oauth2/request.ts";
import type { Heard, Reason } from "../domain/oauth2/response.ts";
import { variablesOf } from "../domain/oauth2/variables.ts";
import { withNewGrant } from "../domain/refresh-schedule.ts";
import type { Grant } from "../domain/secret.ts";
import { ServiceError } from "../errors.ts";
import { validCallback } from "../outbound/callback.ts";
import { openRegistration, type SealedAuthClient } from "../store/auth-clients.ts";
import type { AuthorizationView, Callback, NewAuthorization, Opened, Question } from "./door.ts";
import { exchangeCode, reasonOf } from "./exchange.ts";
import {
  changed,
  ended,
  endsAt,
  isOpen,
  newFlow,
  newSecret,
  NOTHING_KEPT,
  questionOf,
  viewOf,
  withRoom,
} from "./flows.ts";
import { lookUpClient } from "./look-up.ts";
import type { Memory } from "./memory.ts";
import { REMEMBER_ENDED_FLOWS } from "./next-alarm.ts";
import type { Ports } from "./ports.ts";
import { type ActorRecord, type Authorization, blankRecord, type Opening } from "./record.ts";

/** A flow may be opened again (a closed tab, a link preview); the oldest opening then gives way. */
const MOST_OPENINGS = 5;

export class Consent {
  readonly #memory: Memory;
  readonly #ports: Ports;

  constructor(memory: Memory, ports: Ports) {
    this.#memory = memory;
    this.#ports = ports;
  }

  /**
   * Starts a flow.
   * @throws {ServiceError} `not_found` when it renews a secret that is not there; `conflict` when the secret has another client, or
   * too many flows are open.
   */
  async authorize(input: NewAuthorization): Promise<AuthorizationView> {
    const secret = input.renews ? this.#memory.secret : null;
    if (secret !== null && secret.authClientId !== input.authClientId) {
      throw new ServiceError("conflict", [
        { detail: "The secret belongs to another auth client.", pointer: "/data/relationships/auth_client" },
      ]);
    }
    const ids = { id: input.secretId, workspaceId: input.workspaceId };
    const record = this.#memory.record ?? blankRecord(ids, input.seen);
    const flow = newFlow(input, secret, this.#ports.now());
    await this.#memory.write({ ...record, authorizations: [...withRoom(record.authorizations), flow] });
    this.#ports.keepAlive(this.#memory.teller.tell());
    return viewOf(record, flow);
  }

  /** Shows a flow. @throws {ServiceError} `not_found` */
  read(id: AuthorizationId): AuthorizationView {
    const { record, flow } = this.#find(id);
    return viewOf(record, flow);
  }

  /** Says what a person is asked who has the link; opens nothing. @throws {ServiceError} `not_found` */
  async describe(id: AuthorizationId): Promise<{ flow: AuthorizationView; question: Question | null }> {
    const { record, flow } = this.#find(id);
    const isLate = flow.status === "pending" && flow.expiresAt <= this.#ports.now();
    if (isLate) return { flow: viewOf(record, { ...flow, ...ended("expired") }), question: null };
    if (flow.status !== "pending") return { flow: viewOf(record, flow), question: null };
    const client = await this.#client(flow);
    const registration = await openRegistration(this.#ports.cipher, client);
    const question = questionOf(flow, client.name, registration, variablesOf(this.#fieldsOf(flow), null));
    return { flow: viewOf(record, flow), question };
  }

  /** Opens a flow in one more browser, with a `state` and a PKCE verifier of its own. @throws {ServiceError} `conflict` when it has ended */
  async open(id: AuthorizationId, publicUrl: string): Promise<Opened> {
    const flow = this.#findPending(id);
    const registration = await openRegistration(this.#ports.cipher, await this.#client(flow));
    const redirect = redirectUri(publicUrl, flow.authClientId, registration);
    const [state, browserToken, codeVerifier] = [
      oauth.generateRandomState(),
      oauth.generateRandomState(),
      oauth.generateRandomCodeVerifier(),
    ];
    const stateHash = await this.#ports.digest(state);
    const opening: Opening = {
      stateHash,
      browserHash: await this.#ports.digest(browserToken),
      verifier: await this.#ports.cipher.seal(verifierIdentity(flow, stateHash), codeVerifier),
      redirectUri: redirect,
    };
    const location = authorizationUrl(registration, {
      redirectUri: redirect,
      state,
      codeChallenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
      scopes: flow.scopes,
      additionalParams: flow.additionalParams ?? {},
      variables: variablesOf(this.#fieldsOf(flow), null),
    });
    if (location === null)
      throw new ServiceError("conflict", "The fields of this consent flow name no host of the provider.");
    const { openings } = this.#findPending(id);
    await this.#change(id, { openings: [...openings, opening].slice(-MOST_OPENINGS) });
    return { location, state, browserToken };
  }

  /**
   * Takes the provider's answer. `refused`: it does not belong to a flow that this browser opened, and the flow stays as it was.
   * Otherwise the flow has ended, one way or the other, and its code was sent at most once.
   */
  async complete(callback: Callback): Promise<AuthorizationView | { status: "refused" }> {
    const claimed = await this.#claim(callback);
    if (claimed === null) return { status: "refused" };
    const { flow, opening } = claimed;
    let reason: Reason | null;
    try {
      reason = await this.#exchange(flow, opening, callback);
      if (reason === null) await this.#memory.publishQuietly();
    } catch (error) {
      reason = reasonOf(error);
    }
    if (reason !== null) await this.#change(flow.id, ended(reason));
    const after = this.#find(flow.id);
    this.#ports.keepAlive(this.#memory.teller.tell());
    this.#ports.log({
      kind: "consent",
      request_id: callback.requestId,
      workspace_id: after.record.workspaceId,
      secret_id: after.record.id,
      authorization_id: flow.id,
      outcome: after.flow.status === "completed" ? "completed" : "failed",
      reason: after.flow.reason,
    });
    return viewOf(after.record, after.flow);
  }

  /** Ends flows whose time is over, however they stand. */
  async expire(): Promise<void> {
    const record = this.#memory.record;
    if (record === null) return;
    const now = this.#ports.now();
    const isLate = (flow: Authorization) => isOpen(flow) && endsAt(flow) <= now;
    if (!record.authorizations.some(isLate)) return;
    const authorizations = record.authorizations.map((flow) =>
      isLate(flow) ? { ...flow, ...ended("expired") } : flow,
    );
    await this.#memory.write({ ...record, authorizations });
  }

  /** Decides whether this actor never got a secret, and its flows ended so long ago that nobody will ask. */
  isOver(): boolean {
    const record = this.#memory.record;
    if (record === null || record.secret !== null) return false;
    const now = this.#ports.now();
    return record.authorizations.every((flow) => flow.expiresAt + REMEMBER_ENDED_FLOWS <= now);
  }

  /** Finds the opening that this answer belongs to and uses the flow up, before anything is sent. */
  async #claim(callback: Callback): Promise<{ flow: Authorization; opening: Opening } | null> {
    const states = new URLSearchParams(callback.query).getAll("state");
    const stateHash = await this.#ports.digest(states[0] ?? "");
    const browserHash = await this.#ports.digest(callback.browserToken);
    const flow = this.#memory.record?.authorizations.find((each) => each.id === callback.authorizationId);
    if (flow?.status !== "pending" || states.length !== 1) return null;
    const opening = flow.openings.find((each) => sameDigest(each.stateHash, stateHash));
    if (opening === undefined || !sameDigest(opening.browserHash, browserHash)) return null;
    // Where the provider was told to send the answer is where it has to come in: at the client's own callback, or at the shared one.
    if (!opening.redirectUri.endsWith(callbackPath(callback.authClientId))) return null;
    const isOver = flow.expiresAt <= this.#ports.now();
    const { requestId } = callback;
    await this.#change(flow.id, { ...(isOver ? ended("expired") : { status: "exchanging", openings: [] }), requestId });
    return { flow, opening };
  }

  /** Exchanges the code, once. Returns why the flow failed, or null when the grant is stored. */
  async #exchange(flow: Authorization, opening: Opening, callback: Callback): Promise<Reason | null> {
    if (flow.expiresAt <= this.#ports.now()) return "expired";
    const stored = await this.#client(flow);
    const identity = verifierIdentity(flow, opening.stateHash);
    const codeVerifier = await this.#ports.cipher.open<string>(identity, opening.verifier);
    const query = new URLSearchParams(callback.query);
    const registration = await openRegistration(this.#ports.cipher, stored);
    const request: TokenRequest & { kind: "code_exchange" } = {
      kind: "code_exchange",
      registration,
      callback: query,
      state: query.get("state") ?? "",
      redirectUri: opening.redirectUri,
      codeVerifier,
      variables: variablesOf(this.#fieldsOf(flow), callbackExtra(query, registration.flavour?.callback_extra ?? [])),
    };
    validCallback(request);
    if (this.#find(flow.id).flow.status !== "exchanging") return "expired";

    const { heard, client } = await exchangeCode(this.#ports, stored, request);
    if (heard.kind === "refused") return heard.refusal.reason;
    if (await this.#isSomebodyElse(flow, heard.grant)) return "another_account";
    return (await this.#store(flow, client, heard, request.registration)) ? null : "expired";
  }

  /**
   * Stores the new grant. A refresh that is under way meanwhile loses against it: its result is of an older version. False: the flow
   * was ended before, and what was said of it stays true.
   */
  async #store(
    flow: Authorization,
    client: SealedAuthClient,
    heard: Heard & { kind: "granted" },
    registration: OAuth2Registration,
  ): Promise<boolean> {
    const policy = policyOf(client, registration);
    for (;;) {
      const { record } = this.#find(flow.id);
      const before = record.secret ?? newSecret(record, flow, this.#ports.now());
      const sealed = await this.#memory.seal(record, before.version + 1, heard.grant);
      const { record: now, flow: current } = this.#find(flow.id);
      if (current.status !== "exchanging") return false;
      if ((now.secret?.version ?? 0) !== before.version) continue;
      const times = {
        issuedAt: heard.issuedAt,
        expiresAt: heard.expiresAt,
        renewedWith: renewedWith(registration, heard.grant.refresh_token),
        refreshTokenExpiresAt: heard.refreshTokenExpiresAt ?? null,
        arrivedAt: this.#ports.now(),
      };
      // A person consented to this grant, so no token of the one before is served beside it.
      const overBefore = { ...(now.secret ?? before), expiresAt: heard.issuedAt };
      const secret = {
        ...withNewGrant(overBefore, times, policy, this.#ports.random()),
        additionalParams: flow.additionalParams ?? before.additionalParams,
        fields: flow.fields ?? before.fields,
        scopes: flow.scopes,
      };
      const authorizations = changed(now, flow.id, { status: "completed", reason: null, ...NOTHING_KEPT });
      await this.#memory.write({ ...now, secret, grant: sealed, client, authorizations });
      return true;
    }
  }

  async #isSomebodyElse(flow: Authorization, grant: Grant): Promise<boolean> {
    if (!flow.renews || flow.allowAccountChange || grant.subject === null) return false;
    // A grant that cannot be opened any more is a reason to renew consent, so it must not stand in its way.
    const before = await this.#memory.grant().catch(() => null);
    return before !== null && before.subject !== null && before.subject !== grant.subject;
  }

  /** What the flow says, or the secret that it renews. */
  #fieldsOf(flow: Authorization): Record<string, unknown> | null {
    return flow.fields ?? this.#memory.record?.secret?.fields ?? null;
  }

  async #client(flow: Authorization): Promise<SealedAuthClient> {
    const found = await lookUpClient(this.#ports, flow.authClientId);
    if (found === undefined) throw new Error("D1 does not answer in time");
    if (found === null) throw new ServiceError("not_found", "The auth client of this consent flow is gone.");
    return found;
  }

  #find(id: AuthorizationId): { record: ActorRecord; flow: Authorization } {
    const record = this.#memory.record;
    const flow = record?.authorizations.find((each) => each.id === id);
    if (record === null || flow === undefined) {
      throw new ServiceError("not_found", "There is no such authorization.");
    }
    return { record, flow };
  }

  #findPending(id: AuthorizationId): Authorization {
    const { flow } = this.#find(id);
    if (flow.status === "pending" && flow.expiresAt > this.#ports.now()) return flow;
    throw new ServiceError("conflict", "This consent flow has ended.");
  }

  async #change(id: AuthorizationId, change: Partial<Authorization>): Promise<void> {
    const { record } = this.#find(id);
    await this.#memory.write({ ...record, authorizations: changed(record, id, change) });
  }
}

function verifierIdentity(flow: Authorization, stateHash: string): RecordIdentity {
  return ["authorization", flow.id, "verifier", stateHash];
}
