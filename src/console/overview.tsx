/** The first page of a workspace: how many secrets there are and how they are, what fails and since when, what is renewed next. */

import type { Principal } from "../domain/permissions.ts";
import { When } from "../look/time.tsx";
import { may } from "./access.ts";
import { type Bucket, RefreshChart, refreshesByHour } from "./chart.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { baseOf, type Context, read, readIfAny } from "./service.ts";
import { type HistoryEvent, type Secret, StateBadge, stateSentence } from "./state.tsx";

const SHOWN = 5;
/** Of so many secrets the overview asks what happened to them. */
const ASKED = 20;

export async function overviewPage(c: Context): Promise<Response> {
  const workspace = c.get("workspace");
  if (!may(c, "workspaces.auth_secret.get"))
    return await show(c, { title: "Overview", tab: "overview", children: <NothingToSee /> });
  const secrets = `/v2/workspaces/${workspace}/secrets`;
  const [all, failing, overdue] = await Promise.all([
    read<Secret[]>(c, `${secrets}?page[size]=100&page[number]=1`),
    read<Secret[]>(c, `${secrets}?filter[state]=error&page[size]=20&page[number]=1`),
    seesOverdue(c.get("principal"))
      ? readIfAny<{ attributes: { count: number; oldest_due_at: string | null } }>(c, "/v2/maintenance/overdue")
      : null,
  ]);
  const { total = 0 } = all.meta;
  const { total: failed = 0 } = failing.meta;
  const weak = all.data.filter(
    ({ attributes: { state, health } }) => state === "ready" && health?.status === "degraded",
  );
  const next = all.data
    .filter(({ attributes: { health } }) => health?.next_refresh_at != null)
    .toSorted((one, other) =>
      String(one.attributes.health?.next_refresh_at).localeCompare(String(other.attributes.health?.next_refresh_at)),
    )
    .slice(0, SHOWN);
  const now = Date.now();
  const buckets = await refreshes(c, secrets, all.data, now);
  return await show(c, {
    title: `Overview of ${workspace}`,
    tab: "overview",
    children: (
      <>
        <Title trail="Workspace">{workspace}</Title>
        <div id="live" data-live class="stack-wide">
          {total === 0 ? (
            <NoSecrets c={c} />
          ) : (
            <>
              <Counts
                c={c}
                total={total}
                failed={failed}
                weak={weak.length}
                overdue={overdue?.data.attributes ?? null}
                now={now}
              />
              {failed + weak.length > 0 ? (
                <Failing c={c} secrets={[...failing.data, ...weak]} total={failed + weak.length} now={now} />
              ) : null}
              <section class="cards">
                <NextRefreshes c={c} secrets={next} now={now} />
                {buckets === null ? null : (
                  <RefreshChart buckets={buckets} of={all.data.length > ASKED ? `of ${ASKED} secrets` : ""} />
                )}
              </section>
            </>
          )}
        </div>
      </>
    ),
  });
}

interface CountsProps {
  c: Context;
  total: number;
  failed: number;
  weak: number;
  overdue: { count: number; oldest_due_at: string | null } | null;
  now: number;
}

function Counts({ c, total, failed, weak, overdue, now }: CountsProps) {
  const list = `${baseOf(c)}/secrets`;
  return (
    <div class="counts">
      <a href={list}>
        <strong>{total}</strong>
        <span>{total === 1 ? "secret" : "secrets"}</span>
      </a>
      <a href={`${list}?state=ready`}>
        <strong>{total - failed}</strong>
        <span>{total - failed === 1 ? "works" : "work"}</span>
      </a>
      <a href={`${list}?state=error`} class={failed > 0 ? "bad" : undefined}>
        <strong>{failed}</strong>
        <span>{failed === 1 ? "does not work" : "do not work"}</span>
      </a>
      <div class={weak > 0 ? "warn" : undefined}>
        <strong>{weak}</strong>
        <span>renewal in trouble</span>
      </div>
      {overdue === null ? null : (
        <div class={overdue.count > 0 ? "bad" : undefined}>
          <strong>{overdue.count}</strong>
          <span>
            overdue anywhere
            {overdue.oldest_due_at === null ? (
              ""
            ) : (
              <>
                , the first <When at={overdue.oldest_due_at} now={now} />
              </>
            )}
          </span>
        </div>
      )}
    </div>
  );
}

function Failing({ c, secrets, total, now }: { c: Context; secrets: Secret[]; total: number; now: number }) {
  return (
    <section class="stack">
      <h2>What needs you</h2>
      <div class="table">
        <table class="folds">
          <thead>
            <tr>
              <th>Secret</th>
              <th>State</th>
              <th>What is wrong</th>
              <th>Since</th>
            </tr>
          </thead>
          <tbody>
            {secrets.map((secret) => (
              <tr>
                <td>
                  <a href={`${baseOf(c)}/secrets/${secret.id}`}>{secret.attributes.name}</a>
                </td>
                <td>
                  <StateBadge secret={secret} />
                </td>
                <td>{stateSentence(secret)}</td>
                <td data-label="Since">
                  {secret.attributes.health === undefined ? "" : <When at={secret.attributes.health.since} now={now} />}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {total > secrets.length ? <a href={`${baseOf(c)}/secrets?state=error`}>All that do not work</a> : null}
    </section>
  );
}

function NextRefreshes({ c, secrets, now }: { c: Context; secrets: Secret[]; now: number }) {
  return (
    <div class="card">
      <h2>Renewed next</h2>
      {secrets.length === 0 ? (
        <p class="muted">Nothing here is renewed by itself.</p>
      ) : (
        <dl class="facts">
          {secrets.map(({ id, attributes }) => (
            <>
              <dt>
                <When at={String(attributes.health?.next_refresh_at)} now={now} />
              </dt>
              <dd>
                <a href={`${baseOf(c)}/secrets/${id}`}>{attributes.name}</a>
              </dd>
            </>
          ))}
        </dl>
      )}
    </div>
  );
}

function NoSecrets({ c }: { c: Context }) {
  return (
    <Empty title="No account is connected yet">
      <p>
        A secret is one account that somebody connected. It needs an auth client first: your app’s registration at the
        provider, with its id and secret.
      </p>
      <div class="actions">
        {may(c, "workspaces.auth_secret.create") ? (
          <a class="button" href={`${baseOf(c)}/secrets/new`}>
            Connect an account
          </a>
        ) : null}
      </div>
    </Empty>
  );
}

function NothingToSee() {
  return (
    <Empty title="There is nothing for you to see here">
      <p>Your key has no permission to see the secrets of this workspace. The pages above are what it opens.</p>
    </Empty>
  );
}

function seesOverdue({ lineage: [own], permissions }: Principal): boolean {
  return own.level === "global" && (permissions === "all" || permissions.has("global.maintenance.get"));
}

/** Counts the refreshes of the last day; null where nothing remembers them. */
async function refreshes(c: Context, path: string, secrets: Secret[], now: number): Promise<Bucket[] | null> {
  const asked = secrets.filter(({ attributes }) => attributes.type === "oauth2").slice(0, ASKED);
  const histories = await Promise.all(asked.map(({ id }) => readIfAny<HistoryEvent[]>(c, `${path}/${id}/history`)));
  const known = histories.filter((each) => each !== null);
  return known.length === 0
    ? null
    : refreshesByHour(
        known.flatMap(({ data }) => data),
        now,
      );
}
