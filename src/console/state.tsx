/** How a secret is, in a word and in a sentence; and how long its token lives, as a bar with the moment of its renewal. */

import type { z } from "@hono/zod-openapi";
import { OVERDUE_AFTER } from "../domain/overdue.ts";
import type { secretSchema } from "../jsonapi/auth-secret.ts";
import type { historySchema } from "../jsonapi/event.ts";

export type Secret = z.infer<typeof secretSchema>;
export type HistoryEvent = z.infer<typeof historySchema>["data"][number];

type Look = "good" | "warn" | "bad" | "calm";

const STATES: Record<
  NonNullable<Secret["attributes"]["health"]>["status"],
  { look: Look; word: string; sentence: string }
> = {
  ok: { look: "good", word: "Fresh", sentence: "The token is valid, and is renewed before it ends." },
  not_refreshable: { look: "calm", word: "Not renewed", sentence: "It is valid, and there is nothing to renew." },
  degraded: {
    look: "warn",
    word: "Renewal in trouble",
    sentence: "The token is still valid, but the last attempt to renew it failed. It is tried again by itself.",
  },
  expired: {
    look: "bad",
    word: "Expired",
    sentence: "The token has ended and could not be renewed. It is tried again by itself.",
  },
  needs_reauthorization: {
    look: "bad",
    word: "Connect again",
    sentence: "The provider no longer accepts the grant. A person has to connect the account again.",
  },
  client_misconfigured: {
    look: "bad",
    word: "Client refused",
    sentence: "The provider refuses the auth client. Correct the client, and all of its secrets try again.",
  },
};

export function StateBadge({ secret }: { secret: Secret }) {
  const { look, word } = stateOf(secret);
  return <span class={`badge ${look}`}>{word}</span>;
}

/** Shows how many are how, the worst last. */
export function StateCounts({ secrets }: { secrets: readonly Secret[] }) {
  const counts = new Map<string, { look: Look; count: number }>();
  for (const secret of secrets) {
    const { look, word } = stateOf(secret);
    counts.set(word, { look, count: (counts.get(word)?.count ?? 0) + 1 });
  }
  const order: Look[] = ["good", "calm", "warn", "bad"];
  const sorted = [...counts].toSorted(([, one], [, other]) => order.indexOf(one.look) - order.indexOf(other.look));
  return (
    <>
      {sorted.map(([word, { look, count }]) => (
        <>
          <span class={`badge ${look}`}>
            {count} {word}
          </span>{" "}
        </>
      ))}
    </>
  );
}

/** Decides whether a secret should have been renewed a while ago. */
export function isOverdue({ attributes: { health } }: Secret, now: number): boolean {
  return health?.next_refresh_at != null && Date.parse(health.next_refresh_at) + OVERDUE_AFTER <= now;
}

/** Says how a secret is, with the reason where there is one. */
export function stateSentence(secret: Secret): string {
  const { error, health } = secret.attributes;
  if (secret.meta !== undefined || isReported(secret)) return error ?? "The platform says that it does not work.";
  const { sentence } = stateOf(secret);
  return health?.reason == null ? sentence : `${sentence} (${health.reason})`;
}

function stateOf(secret: Secret): { look: Look; word: string; sentence: string } {
  const { health, type } = secret.attributes;
  if (health === undefined) return { look: "bad", word: "Unreadable", sentence: "" };
  if (isReported(secret)) return { look: "bad", word: "Reported broken", sentence: "" };
  if (type !== "oauth2" && health.status === "not_refreshable") {
    return { look: "good", word: "Ready", sentence: "It is kept as it was given. There is nothing to renew." };
  }
  return STATES[health.status];
}

/** Decides whether the platform said that a secret does not work which by itself would. */
function isReported({ attributes: { state, health } }: Secret): boolean {
  return (
    state === "error" &&
    (health?.status === "ok" || health?.status === "not_refreshable" || health?.status === "degraded")
  );
}

const WIDTH = 1000;

/** Shows how much of a token's life is left, and when it is renewed. Nothing where it does not end. */
export function Life({ secret, now }: { secret: Secret; now: number }) {
  const { health } = secret.attributes;
  if (health?.token_expires_at == null) return null;
  const from = Date.parse(health.last_refreshed_at ?? health.since);
  const to = Date.parse(health.token_expires_at);
  if (!(to > from)) return null;
  const at = (instant: number) => Math.round(Math.min(1, Math.max(0, (instant - from) / (to - from))) * WIDTH);
  const { look } = stateOf(secret);
  const renewal = health.next_refresh_at === null ? null : at(Date.parse(health.next_refresh_at));
  return (
    <svg class={`life ${look}`} viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="left" x={at(now)} y="0" width={WIDTH - at(now)} height="10" />
      {renewal === null ? null : <rect class="mark" x={Math.min(renewal, WIDTH - 4)} y="0" width="4" height="10" />}
    </svg>
  );
}
