/** How one secret is: its state in words, how long its token lives, and the facts. */

import { When } from "../look/time.tsx";
import type { AuthClient } from "./registration-fields.tsx";
import { Life, type Secret, StateBadge, stateSentence } from "./state.tsx";

/** Shows all of it. `client` null: not to be seen. */
export function State({
  secret,
  client,
  base,
  now,
}: {
  secret: Secret;
  client: AuthClient | null;
  base: string;
  now: number;
}) {
  const { attributes, relationships, id } = secret;
  const { health } = attributes;
  const instant = (label: string, at: string | null | undefined, none: string | null) =>
    at == null && none === null ? null : (
      <>
        <dt>{label}</dt>
        <dd>{at == null ? none : <When at={at} now={now} />}</dd>
      </>
    );
  return (
    <div class="card">
      <p data-news>
        <StateBadge secret={secret} /> {stateSentence(secret)}
      </p>
      <Life secret={secret} now={now} />
      <dl class="facts">
        {health === undefined ? null : (
          <>
            {instant("So since", health.since, null)}
            {attributes.type === "oauth2" ? (
              <>
                {instant("Token ends", health.token_expires_at, "never")}
                {instant("Renewed next", health.next_refresh_at, "not by itself")}
                {instant("Renewed last", health.last_refreshed_at, "not yet")}
                {instant("Consent ends", health.refresh_token_expires_at, null)}
              </>
            ) : null}
          </>
        )}
        <dt>Version</dt>
        <dd>{attributes.version ?? "—"}</dd>
        {attributes.scope == null ? null : (
          <>
            <dt>Scope</dt>
            <dd>
              {attributes.scope.split(" ").map((each) => (
                <>
                  <span class="tag mono">{each}</span>{" "}
                </>
              ))}
            </dd>
          </>
        )}
        <dt>Auth client</dt>
        <dd>
          {client === null ? (
            <code>{relationships.auth_client.data.id}</code>
          ) : (
            <a href={`${base}/clients/${client.id}`}>{client.attributes.name}</a>
          )}
        </dd>
        {relationships.user === undefined ? null : (
          <>
            <dt>User</dt>
            <dd>{relationships.user.data.id}</dd>
          </>
        )}
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
      </dl>
    </div>
  );
}
