/**
 * What may be asked of a secret's actor over RPC, and what it answers. Arguments and answers are plain data, and members are only
 * ever added, because Worker and actor may run different versions for a few minutes.
 */

import type { Remembered } from "../domain/events.ts";
import type { AuthClientId, AuthorizationId, SecretId, UserId, WorkspaceId } from "../domain/ids.ts";
import type { Reason } from "../domain/oauth2/response.ts";
import type { Inspection } from "../domain/overdue.ts";
import type { PlainCredentials, Report, Secret, SecretView } from "../domain/secret.ts";
import type { Token } from "../domain/token-copy.ts";
import type { Failure } from "../errors.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import type { Seen } from "../store/places.ts";
import type { Authorization } from "./record.ts";

/** Errors lose their class over RPC, so a failure is data, and `stub` throws it again. */
export type Answer<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export interface Ask {
  requestId: string;
  /** Who asks, where it matters who did. */
  principal?: string | undefined;
}

/** What a secret is to hold: what is in hand, or what is fetched because nobody has to consent. */
export type Content =
  | {
      kind: "token";
      accessToken: string;
      tokenType: string;
      refreshToken: string | null;
      scope: string | null;
      /** Seconds from now; `expiresAt`, in milliseconds since the epoch, wins. Both null: what the client says. */
      expiresIn: number | null;
      expiresAt: number | null;
      /** Undefined: as it is; null: none any more. */
      additionalParams: Secret["additionalParams"] | undefined;
      fields: Secret["fields"] | undefined;
      /** What was asked for; undefined as above. */
      scopes?: Secret["scopes"] | undefined;
    }
  | {
      kind: "fetch";
      additionalParams: Secret["additionalParams"] | undefined;
      fields: Secret["fields"] | undefined;
      scopes: Secret["scopes"] | undefined;
    }
  | PlainCredentials;

export interface NewSecret extends Ask {
  id: SecretId;
  workspaceId: WorkspaceId;
  /** Where the workspace was when the caller was let in. */
  seen?: Seen;
  userId: UserId | null;
  name: string;
  client: SealedAuthClient;
  content: Content;
  reported: Report | null;
}

/** What changes of a secret; what is undefined stays as it is. */
export interface Change extends Ask {
  name: string | undefined;
  /** Replaces the whole grant. */
  content: Content | undefined;
  /** Null: what was reported is over. */
  reported: Report | null | undefined;
}

/** A consent flow to come. Without `name` it renews the consent of the secret that is there. */
export interface NewAuthorization
  extends
    Ask,
    Omit<Authorization, "name" | "status" | "reason" | "createdAt" | "openings" | "startedBy" | "requestId"> {
  secretId: SecretId;
  workspaceId: WorkspaceId;
  /** Where the workspace was when the caller was let in. */
  seen?: Seen;
  name: string | null;
}

export interface AuthorizationView {
  id: AuthorizationId;
  secretId: SecretId;
  workspaceId: WorkspaceId;
  authClientId: AuthClientId;
  status: "pending" | "completed" | "failed";
  reason: Reason | null;
  returnUrl: string | null;
  expiresAt: number;
}

/** What a person is asked before they are sent to the provider. */
export interface Question {
  /** What the account is called here. */
  name: string;
  renews: boolean;
  clientName: string;
  /** Null: the flow's fields name no host that the client may have. */
  providerHost: string | null;
  /** All that the provider is asked for. */
  scopes: string[];
}

/** Where the browser goes next, and what binds the flow to it. */
export interface Opened {
  location: string;
  state: string;
  browserToken: string;
}

export interface Callback extends Ask {
  authorizationId: AuthorizationId;
  /** Whose callback it came in at. Null: the one that clients share. */
  authClientId: AuthClientId | null;
  browserToken: string;
  /** The callback's query, as it came. */
  query: string;
}

export interface TokenRead {
  token: Token;
  /** From when on the actor itself has to be asked again; null: that does not matter. */
  copyEndsAt: number | null;
}

/** The methods of the actor that the front door calls. */
export interface Door {
  create(input: NewSecret): Promise<Answer<SecretView>>;
  /**
   * Renews first where the token has less than `minTtlSeconds` left. `requireToken`: fails rather than answer without a token.
   * `waits: false`: answers with what is there, and renews behind it.
   */
  read(input: Ask & { minTtlSeconds: number; requireToken: boolean; waits?: boolean }): Promise<Answer<SecretView>>;
  /**
   * Reads what a step needs and nothing else. Fails rather than answer without a token. `asText`: the same as JSON, which costs the platform
   * less to carry than an object does.
   */
  readToken(input: Ask & { minTtlSeconds: number; asText?: boolean }): Promise<Answer<TokenRead> | string>;
  change(input: Change): Promise<Answer<SecretView>>;
  /** Tells what happened to the secret lately, newest first. */
  history(input: Ask): Promise<Answer<Remembered[]>>;
  /** The auth client was changed: a secret that waited for this tries again at once. */
  clientChanged(input: Ask): Promise<Answer<null>>;
  /** Tells whether a refresh is overdue. `wake`: then the secret wakes at a moment within `spreadMs`, and sees to it. */
  inspect(input: Ask & { wake: boolean; spreadMs: number }): Promise<Answer<Inspection>>;
  /**
   * Seals under the ring's first key what another has sealed. `said`: the keys that the index names. Answers with those that it now takes to
   * open what is here, separated by spaces.
   */
  rewrap(input: Ask & { said: string | null }): Promise<Answer<{ kids: string }>>;
  /** Removes whatever is stored here. The caller takes care of the index. */
  clear(input: Ask): Promise<Answer<null>>;
  refresh(input: Ask & { rejectedVersion: number | null }): Promise<Answer<SecretView>>;
  /** Removes the secret, whose tokens are revoked at the provider first; that may take five seconds. */
  erase(input: Ask): Promise<Answer<null>>;
  authorize(input: NewAuthorization): Promise<Answer<AuthorizationView>>;
  readAuthorization(input: Ask & { id: AuthorizationId }): Promise<Answer<AuthorizationView>>;
  /** The question is null once nobody can answer it any more. */
  describeConsent(
    input: Ask & { id: AuthorizationId },
  ): Promise<Answer<{ flow: AuthorizationView; question: Question | null }>>;
  openConsent(input: Ask & { id: AuthorizationId; publicUrl: string }): Promise<Answer<Opened>>;
  /** The status is `refused` when the answer does not belong to a flow that this browser opened; the flow is then untouched. */
  completeConsent(input: Callback): Promise<Answer<AuthorizationView | { status: "refused" }>>;
}
