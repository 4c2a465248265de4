/** What happened in a workspace, the newest first: who did what, and what came of it. */

import type { z } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../domain/events.ts";
import type { eventsSchema } from "../jsonapi/event.ts";
import { When } from "../look/time.tsx";
import { Choice, Form, Pick } from "./form.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { Table } from "./list.tsx";
import { baseOf, type Context, read } from "./service.ts";
import { eventInWords } from "./timeline.tsx";

type WorkspaceEvent = z.infer<typeof eventsSchema>["data"][number];
type Subject = WorkspaceEvent["relationships"]["subject"]["data"];

const PAGE_SIZE = 50;

const ABOUT: Record<string, string> = {
  "auth-secret": "secret",
  "auth-client": "auth client",
  "api-key": "API key",
};

export async function eventsPage(c: Context): Promise<Response> {
  const base = baseOf(c);
  const { after = "", type = "", about = "" } = c.req.query();
  const query = new URLSearchParams({ order: "desc", limit: String(PAGE_SIZE) });
  if (after !== "") query.set("after", after);
  if (type !== "") query.set("filter[type]", type);
  if (about !== "") query.set("filter[subject]", about);
  const answer = await read<WorkspaceEvent[]>(c, `/v2/workspaces/${c.get("workspace")}/events?${query.toString()}`);
  const events = answer.data;
  const older = new URLSearchParams({ type, about, after: answer.meta.cursor ?? "" });
  const newest = `${base}/events?${new URLSearchParams({ type, about }).toString()}`;
  const isNarrowed = type !== "" || about !== "";
  return await show(c, {
    title: "Events",
    tab: "events",
    children: (
      <>
        <Title>Events</Title>
        <p class="lede">
          Who did what in this workspace, the newest first. They are here some seconds after they happened.
        </p>
        <form class="inline" role="search">
          <Pick form={new Form()} name="type" label="What" required>
            <Choice value="" chosen={type}>
              Everything
            </Choice>
            {EVENT_TYPES.map((each) => (
              <Choice value={each} chosen={type}>
                {eventInWords(each)}
              </Choice>
            ))}
          </Pick>
          <div class="field wide">
            <label for="about">About</label>
            <input
              id="about"
              name="about"
              type="search"
              class="mono"
              value={about}
              placeholder="Id of a secret, for instance"
            />
          </div>
          <button class="quiet">Show</button>
        </form>
        {events.length > 0 ? (
          <Table columns={["When", "What", "About", "Who", "Outcome"]}>
            <Rows events={events} base={base} />
          </Table>
        ) : (
          <Empty
            title={
              after !== "" ? "There is nothing older" : isNarrowed ? "Nothing matches" : "Nothing has happened yet"
            }
          >
            <p>Reads of credentials, refreshes, refusals and changes are written here.</p>
            <div class="actions">
              {isNarrowed || after !== "" ? <a href={`${base}/events`}>Show everything</a> : null}
            </div>
          </Empty>
        )}
        <nav class="pages" aria-label="Pages">
          <span>{after === "" ? null : <a href={newest}>The newest</a>}</span>
          {answer.links?.next == null ? null : <a href={`${base}/events?${older.toString()}`}>Older ones</a>}
        </nav>
      </>
    ),
  });
}

function Rows({ events, base }: { events: WorkspaceEvent[]; base: string }) {
  const now = Date.now();
  return (
    <>
      {events.map(({ attributes, relationships }) => (
        <tr>
          <td>
            <When at={attributes.at} now={now} />
          </td>
          <td>{eventInWords(attributes.event)}</td>
          <td data-label="About">
            <About subject={relationships.subject.data} base={base} />
          </td>
          <td data-label="Who">
            <Who actor={attributes.actor} />
          </td>
          <td data-label="Outcome">
            <span
              class={`badge ${attributes.outcome === "ok" ? "good" : attributes.outcome === "superseded" ? "calm" : "bad"}`}
            >
              {attributes.outcome}
            </span>{" "}
            {attributes.reason === null ? null : <code>{attributes.reason}</code>}
          </td>
        </tr>
      ))}
    </>
  );
}

function About({ subject: { type, id }, base }: { subject: Subject; base: string }) {
  if (type === "route") return <code>{id}</code>;
  const short = <code title={id}>{id.length > 20 ? `${id.slice(0, 8)}…` : id}</code>;
  return (
    <span>
      {ABOUT[type] ?? type} {type === "auth-secret" ? <a href={`${base}/secrets/${id}`}>{short}</a> : short}
    </span>
  );
}

/** A key's id is long, and its beginning tells it from others. */
function Who({ actor }: { actor: string }) {
  const key = /^key:(.{8})/.exec(actor)?.[1];
  if (key === undefined) return <>{actor}</>;
  return (
    <span title={actor}>
      API key <code>{key}…</code>
    </span>
  );
}
