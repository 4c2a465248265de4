/** What happened to a secret, the newest first, in words. */

import type { EventType } from "../domain/events.ts";
import { inWords, When } from "../look/time.tsx";
import type { HistoryEvent } from "./state.tsx";

type Attributes = HistoryEvent["attributes"];

/** How many are shown at once; the others fold away. */
const SHOWN = 8;

const WORDS: Record<EventType, string> = {
  "secret.created": "Created",
  "secret.changed": "Changed",
  "secret.deleted": "Deleted",
  "secret.refreshed": "Renewed",
  "secret.refresh_failed": "Renewal failed",
  "secret.state_changed": "Its state changed",
  "secret.refresh_token_ending": "Consent ends soon",
  "secret.credentials_read": "Credentials were read",
  "authorization.started": "Consent asked for",
  "authorization.completed": "Connected",
  "authorization.failed": "Consent failed",
  "auth_client.created": "Auth client made",
  "auth_client.changed": "Auth client changed",
  "auth_client.deleted": "Auth client deleted",
  "signing_key.created": "Signing key made",
  "api_key.created": "API key made",
  "api_key.revoked": "API key revoked",
  "tenant.created": "Tenant made",
  "tenant.deleted": "Tenant deleted",
  "contract.created": "Contract made",
  "contract.deleted": "Contract deleted",
  "workspace.created": "Workspace made",
  "workspace.deleted": "Workspace deleted",
  "rewrap.started": "Records are brought under the first key",
  "secret.tokens_revoked": "Tokens taken back",
  "access.denied": "Refused",
  "events.lost": "Some events were lost",
};

const TRIGGERS = { alarm: "by itself", read: "because somebody read it", manual: "because somebody asked" } as const;

/** Says what an event is, for people. */
export function eventInWords(event: EventType): string {
  return WORDS[event];
}

export function Timeline({ events, now }: { events: HistoryEvent[]; now: number }) {
  if (events.length === 0) return <p class="muted">Nothing yet.</p>;
  const older = events.slice(SHOWN);
  return (
    <>
      <ol class="timeline">
        {events.slice(0, SHOWN).map(({ attributes }) => (
          <Entry attributes={attributes} now={now} />
        ))}
      </ol>
      {older.length === 0 ? null : (
        <details>
          <summary>{older.length} more</summary>
          <ol class="timeline">
            {older.map(({ attributes }) => (
              <Entry attributes={attributes} now={now} />
            ))}
          </ol>
        </details>
      )}
    </>
  );
}

function Entry({ attributes, now }: { attributes: Attributes; now: number }) {
  const { event, at, outcome, reason, trigger, duration_ms: duration, version } = attributes;
  const details = [
    trigger === null ? "" : TRIGGERS[trigger],
    duration === null ? "" : `in ${duration < 10_000 ? `${duration} ms` : inWords(duration / 1000)}`,
    version === null ? "" : `version ${version}`,
  ].filter((each) => each !== "");
  return (
    <li class={outcome === "ok" ? "good" : outcome === "superseded" ? undefined : "bad"}>
      <strong>{eventInWords(event)}</strong>
      {reason === null ? null : (
        <>
          {" "}
          <code>{reason}</code>
        </>
      )}
      <span class="small muted">
        <When at={at} now={now} />
        {details.length === 0 ? "" : `, ${details.join(", ")}`}
      </span>
    </li>
  );
}
