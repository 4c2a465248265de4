/** The first page of a workspace: how many secrets there are and how they are, what fails and since when, what is renewed next. */

import type { Principal } from "../domain/permissions.ts";
import { When } from "../look/time.tsx";
import { levelsToMake, may, mayConnect } from "./access.ts";
import { type Day, RefreshChart, refreshesOfDay } from "./chart.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { Table } from "./list.tsx";
import { baseOf, type Context, read, readIfAny } from "./service.ts";
import { type HistoryEvent, isOverdue, type Secret, StateBadge, StateCounts, stateSentence } from "./state.tsx";

const SHOWN = 5;
/** As many of those that work, and of those that do not, are looked at closely. */
const LOOKED_AT = 100;
const MOST_IN_NEED = 20;
/** Of so many secrets the overview asks what happened to them. */
const ASKED = 20;

export async function overviewPage(c: Context): Promise<Response> {
  const workspace = c.get("workspace");
  if (!may(c, "workspaces.auth_secret.get"))
    return await show(c, { title: "Overview", tab: "overview", children: <NothingToSee c={c} /> });
  const secrets = `/v2/workspaces/${workspace}/secrets`;
  const inState = async (state: string) =>
    await read<Secret[]>(c, `${secrets}?filter[state]=${state}&page[size]=${LOOKED_AT}&page[number]=1`);
  const [ready, failing, overdue] = await Promise.all([
    inState("ready"),
    inState("error"),
    seesOverdue(c.get("principal")) ? readIfAny<Overdue>(c, "/v2/maintenance/overdue") : null,
  ]);
  const working = ready.meta.total ?? 0;
  const failed = failing.meta.total ?? 0;
  const known = [...failing.data, ...ready.data];
  const now = Date.now();
  const late = known.filter((secret) => isOverdue(secret, now));
  const weak = ready.data.filter((secret) => secret.attributes.health?.status === "degraded" || late.includes(secret));
  const next = ready.data
    .filter(({ attributes: { health } }) => health?.next_refresh_at != null)
    .toSorted((one, other) =>
      String(one.attributes.health?.next_refresh_at).localeCompare(String(other.attributes.health?.next_refresh_at)),
    )
    .slice(0, SHOWN);
  const day = await refreshes(c, secrets, known, now);
  const areAll = known.length >= working + failed;
  return await show(c, {
    title: `Overview of ${workspace}`,
    tab: "overview",
    children: (
      <>
        <Title trail="Workspace">{workspace}</Title>
        <div id="live" data-live class="stack-wide">
          {working + failed === 0 ? (
            <NoSecrets c={c} />
          ) : (
            <>
              <div class="stack">
                <Counts c={c} working={working} failed={failed} late={late.length} areAll={areAll} />
                <p class="states" data-news>
                  <StateCounts secrets={known} />
                  {areAll ? null : (
                    <span class="small muted">
                      Among the {known.length} looked at: the oldest that work, and the oldest that do not, up to{" "}
                      {LOOKED_AT} each.
                    </span>
                  )}
                </p>
                {overdue === null ? null : <OverdueAnywhere overdue={overdue.data} now={now} />}
              </div>
              {failed + weak.length > 0 ? (
                <Failing
                  c={c}
                  secrets={[...failing.data.slice(0, MOST_IN_NEED), ...weak.slice(0, MOST_IN_NEED)]}
                  failed={failed}
                  now={now}
                />
              ) : null}
              <section class="cards">
                <NextRefreshes
                  c={c}
                  secrets={next}
                  of={working > ready.data.length ? ready.data.length : null}
                  now={now}
                />
                {day === null ? null : (
                  <RefreshChart
                    day={day.known}
                    of={day.asked < working + failed ? `, of ${day.asked} secrets` : ""}
                    now={now}
                  />
                )}
              </section>
            </>
          )}
        </div>
      </>
    ),
  });
}

interface Overdue {
  attributes: { count: number; oldest_due_at: string | null };
}

interface CountsProps {
  c: Context;
  working: number;
  failed: number;
  /** Of those that were looked at. */
  late: number;
  areAll: boolean;
}

/** The index knows all that work and all that do not; whether one is late, only its actor knows. */
function Counts({ c, working, failed, late, areAll }: CountsProps) {
  const list = `${baseOf(c)}/secrets`;
  return (
    <div class="counts">
      <a href={list}>
        <strong>{working + failed}</strong>
        <span>{working + failed === 1 ? "secret" : "secrets"}</span>
      </a>
      <a href={`${list}?state=ready`}>
        <strong>{working}</strong>
        <span>{working === 1 ? "works" : "work"}</span>
      </a>
      <a href={`${list}?state=error`} class={failed > 0 ? "bad" : undefined}>
        <strong>{failed}</strong>
        <span>{failed === 1 ? "does not work" : "do not work"}</span>
      </a>
      <div class={late > 0 ? "bad" : undefined}>
        <strong>{late}</strong>
        <span>{areAll ? "overdue" : "overdue, of those looked at"}</span>
      </div>
    </div>
  );
}

function OverdueAnywhere({ overdue: { attributes }, now }: { overdue: Overdue; now: number }) {
  const { count, oldest_due_at: oldest } = attributes;
  if (count === 0) return <p class="small muted">No renewal is overdue in any workspace.</p>;
  return (
    <p class="notice bad">
      {count === 1 ? "1 renewal is" : `${count} renewals are`} overdue in all workspaces together
      {oldest === null ? (
        ""
      ) : (
        <>
          , the first was due <When at={oldest} now={now} />
        </>
      )}
      .
    </p>
  );
}

function Failing({ c, secrets, failed, now }: { c: Context; secrets: Secret[]; failed: number; now: number }) {
  return (
    <section class="stack">
      <h2>What needs you</h2>
      <Table columns={["Secret", "State", "What is wrong", "Since"]}>
        {secrets.map((secret) => (
          <tr>
            <td>
              <a href={`${baseOf(c)}/secrets/${secret.id}`}>{secret.attributes.name}</a>
            </td>
            <td>
              <StateBadge secret={secret} />
            </td>
            <td>
              {secret.attributes.state === "ready" && isOverdue(secret, now)
                ? "Its renewal is overdue."
                : stateSentence(secret)}
            </td>
            <td data-label="Since">
              {secret.attributes.health === undefined ? "" : <When at={secret.attributes.health.since} now={now} />}
            </td>
          </tr>
        ))}
      </Table>
      {failed > MOST_IN_NEED ? <a href={`${baseOf(c)}/secrets?state=error`}>All {failed} that do not work</a> : null}
    </section>
  );
}

/** `of`: among how many these are the next; null: all. */
function NextRefreshes({ c, secrets, of, now }: { c: Context; secrets: Secret[]; of: number | null; now: number }) {
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
      {of === null ? null : <p class="hint">Among the {of} oldest that work.</p>}
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
        {mayConnect(c) ? (
          <a class="button" href={`${baseOf(c)}/secrets/new`}>
            Connect an account
          </a>
        ) : null}
      </div>
    </Empty>
  );
}

function NothingToSee({ c }: { c: Context }) {
  const makes: [boolean, string, string][] = [
    [mayConnect(c), "secrets", "Connect an account"],
    [levelsToMake(c, "client").length > 0, "clients", "New auth client"],
    [levelsToMake(c, "key").length > 0, "keys", "New API key"],
  ];
  return (
    <Empty title="There is nothing for you to see here">
      <p>Your key has no permission to see the secrets of this workspace. The pages above are what it opens.</p>
      <div class="actions">
        {makes
          .filter(([isAllowed]) => isAllowed)
          .map(([, path, label]) => (
            <a class="button quiet" href={`${baseOf(c)}/${path}/new`}>
              {label}
            </a>
          ))}
      </div>
    </Empty>
  );
}

function seesOverdue({ lineage: [own], permissions }: Principal): boolean {
  return own.level === "global" && (permissions === "all" || permissions.has("global.maintenance.get"));
}

/** Counts the refreshes of the last day, of some secrets, half of them such as do not work; null where nothing remembers them. */
async function refreshes(
  c: Context,
  path: string,
  secrets: Secret[],
  now: number,
): Promise<{ known: Day; asked: number } | null> {
  const renewed = secrets.filter(({ attributes }) => attributes.type === "oauth2");
  const failing = renewed.filter(({ attributes }) => attributes.state === "error").slice(0, ASKED / 2);
  const working = renewed.filter(({ attributes }) => attributes.state === "ready").slice(0, ASKED - failing.length);
  const asked = [...failing, ...working];
  const histories = await Promise.all(asked.map(({ id }) => readIfAny<HistoryEvent[]>(c, `${path}/${id}/history`)));
  const known = histories.flatMap((each) => (each === null ? [] : [each.data]));
  return known.length === 0 ? null : { known: refreshesOfDay(known, now), asked: known.length };
}
