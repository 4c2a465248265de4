/** What callers want of a secret, and how it ends for them. */

import type { SecretView } from "../../src/domain/secret.ts";
import type { ServiceError } from "../../src/errors.ts";
import type { ActorRecord } from "../../src/secret-actor/record.ts";

export type Wish =
  | { kind: "read"; minTtlSeconds: number; waits: boolean }
  | { kind: "refresh"; rejectedVersion: number | null }
  | { kind: "create" }
  | { kind: "change" }
  | { kind: "consent" }
  | { kind: "client changed" }
  | { kind: "inspect" }
  | { kind: "erase" };

/** One try of a caller. A process that dies under it is a reason for another. */
export interface Call {
  readonly wish: Wish;
  readonly askedAt: number;
  readonly tries: number;
  /** What was stored when it came, and how the actor's clock went. */
  readonly stored: ActorRecord | null;
  readonly clockOffset: number;
  /** The caller went away and hears nothing of the answer. */
  readonly isDeaf: boolean;
}

/** How a call ended. */
export type Outcome =
  | { kind: "answered"; view: SecretView | null }
  | { kind: "refused"; error: ServiceError }
  /** The process died under it. */
  | { kind: "cut" };
