/** What the actor's logic needs from the world around it. The real ones are put together in `actor`; a simulator brings its own. */

import type { BudgetDoor } from "../budget/stub.ts";
import type { Cipher } from "../crypto/seal.ts";
import type { EventBatch } from "../domain/events.ts";
import type { AuthClientId } from "../domain/ids.ts";
import type { SecretName } from "../domain/oauth2/registration.ts";
import type { TokenRequest } from "../domain/oauth2/request.ts";
import type { Heard } from "../domain/oauth2/response.ts";
import type { Secret } from "../domain/secret.ts";
import type { Revocation, Revoked } from "../outbound/revocation.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";
import type { Seen } from "../store/places.ts";
import type { IndexEntry } from "../store/secrets.ts";
import type { Alert, LogLine } from "../telemetry.ts";
import type { RecordStorage } from "./record.ts";

/** What made something happen, and for whom; for the log. */
export interface Cause {
  trigger: "alarm" | "read" | "manual";
  requestId: string;
  /** Who asked, where somebody did and it was said. */
  principal?: string | undefined;
}

/** Names who made it happen, for the history. */
export function actorOf({ trigger, principal }: Partial<Cause>): string {
  return principal ?? (trigger === "alarm" ? "alarm" : "system");
}

export interface Ports {
  storage: RecordStorage;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** In [0, 1). */
  random: () => number;
  /** Resolves when the promise settles or the time is over, whichever is first. Leaves no timer behind. */
  waitFor: (promise: Promise<unknown> | null, timeoutMs: number) => Promise<void>;
  /** Lets a promise finish although its caller went away. */
  keepAlive: (promise: Promise<unknown>) => void;
  cipher: Cipher;
  /** SHA-256, in hexadecimal. */
  digest: (text: string) => Promise<string>;
  /** `recent`: as it was at most a second ago will do. */
  findAuthClient: (id: AuthClientId, age: "now" | "recent") => Promise<SealedAuthClient | null>;
  sendTokenRequest: (request: TokenRequest, timeoutMs: number) => Promise<Heard>;
  /** Remembers which of a client's secrets its provider took. */
  noteSecretInUse: (client: SealedAuthClient, name: SecretName) => Promise<void>;
  /** Takes the tokens of a grant back. Rejects for nothing that a provider does. */
  revokeTokens: (revocation: Revocation, timeoutMs: number) => Promise<Revoked>;
  /** What the provider bears of all secrets of a client. Rejects for nothing. */
  budget: BudgetDoor;
  putIndexEntry: (secret: Secret, entry: IndexEntry, contract: Seen) => Promise<void>;
  deleteIndexEntry: (id: Secret["id"]) => Promise<void>;
  /** Hands events over to the queue. */
  tell: (batch: EventBatch) => Promise<void>;
  /** Drops the copies of the token where this actor is. Rejects for nothing. */
  dropCopies: (secret: Pick<Secret, "id" | "workspaceId">) => Promise<void>;
  log: (line: LogLine) => void;
}

/** Writes an alert about a secret. */
export function tellOperators(
  ports: Ports,
  secretId: Secret["id"],
  cause: Pick<Cause, "requestId">,
  what: Alert,
  error: unknown,
): void {
  ports.log({ kind: "alert", what, secret_id: secretId, request_id: cause.requestId, internal: String(error) });
}
