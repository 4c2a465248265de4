/** The page that a person sees before they are sent to the provider: who asks for what, for which account, and for how long. */

import { type Html, page } from "../look/page.tsx";
import type { Question } from "../secret-actor/stub.ts";

export interface Asked extends Omit<Question, "providerHost"> {
  providerHost: string;
  /** What the workspace is called. */
  workspace: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  now: number;
  /** Where the person goes on. */
  continueTo: string;
}

/** Scopes that mean the same everywhere (OpenID Connect Core 5.4 and 11); of others only the provider knows. */
const SCOPES: Record<string, string> = {
  openid: "See which account it is",
  profile: "See your name and profile",
  email: "See your email address",
  address: "See your address",
  phone: "See your phone number",
  offline_access: "Stay connected while you are away",
};

/** Makes the page. */
export function connectPage(asked: Asked): Html {
  const { name, renews, clientName, providerHost, scopes, workspace, expiresAt, now, continueTo } = asked;
  return page({
    title: "Connect an account",
    narrow: true,
    children: (
      <>
        <div class="stack">
          <p class="trail">{renews ? "Connect an account again" : "Connect an account"}</p>
          <h1>
            {clientName} asks for access to your account at {providerHost}
          </h1>
        </div>
        <div class="card">
          <dl class="facts">
            <dt>Account name</dt>
            <dd>
              <strong>{name}</strong>
            </dd>
            <dt>For workspace</dt>
            <dd>{workspace}</dd>
            <dt>Wants to</dt>
            <dd>
              <Scopes scopes={scopes} providerHost={providerHost} />
            </dd>
            <dt>This link</dt>
            <dd>
              works once, for <TimeLeft expiresAt={expiresAt} now={now} />
            </dd>
          </dl>
        </div>
        <p class="actions">
          <a class="button" href={continueTo} rel="nofollow">
            Continue to {providerHost}
          </a>
        </p>
        <p class="small muted">
          You sign in there and decide there: your password never comes here. If you did not expect this, close the
          page; then nothing happens.
        </p>
      </>
    ),
  });
}

function Scopes({ scopes, providerHost }: Pick<Asked, "scopes" | "providerHost">) {
  if (scopes.length === 0) return <>{`do what ${providerHost} will show you`}</>;
  return (
    <ul class="list">
      {scopes.map((scope) => (
        <li>
          {Object.hasOwn(SCOPES, scope) ? `${SCOPES[scope]} ` : null}
          <code class="muted">{scope}</code>
        </li>
      ))}
    </ul>
  );
}

function TimeLeft({ expiresAt, now }: Pick<Asked, "expiresAt" | "now">) {
  const instant = new Date(expiresAt).toISOString();
  const minutes = Math.max(1, Math.ceil((expiresAt - now) / 60_000));
  return (
    <time datetime={instant} title={instant}>
      {minutes === 1 ? "another minute" : `another ${minutes} minutes`}
    </time>
  );
}
