/** What happened in a workspace: who did what, and what came of it. */

import type { z } from "@hono/zod-openapi";
import { EVENT_TYPES } from "../domain/events.ts";
import type { eventsSchema } from "../jsonapi/event.ts";
import { When } from "../look/time.tsx";
import { Choice, Form, Pick } from "./form.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { baseOf, type Context, read } from "./service.ts";
import { eventInWords } from "./timeline.tsx";

type WorkspaceEvent = z.infer<typeof eventsSchema>["data"][number];
type Subject = WorkspaceEvent["relationships"]["subject"]["data"];

const PAGE_SIZE = 100;

export async function eventsPage(c: Context): Promise<Response> {
  const base = baseOf(c);
  const after = c.req.query("after");
  const type = c.req.query("type") ?? "";
  const narrowed = { ...(type !== "" && { type }) };
  const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(after !== undefined && { after }) });
  if (type !== "") query.set("filter[type]", type);
  const answer = await read<WorkspaceEvent[]>(c, `/v2/workspaces/${c.get("workspace")}/events?${query.toString()}`);
  const events = answer.data;
  const next = nextOf(answer.links?.next);
  return await show(c, {
    title: "Events",
    tab: "events",
    children: (
      <>
        <Title>Events</Title>
        <p class="lede">Who did what in this workspace, in the order in which it was heard of.</p>
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
          <button class="quiet">Show</button>
        </form>
        {events.length === 0 ? (
          <Empty title={after === undefined ? "Nothing has happened yet" : "There is nothing newer yet"}>
            <p>
              Reads of credentials, refreshes, refusals and changes are written here a few seconds after they happened.
            </p>
            {after === undefined ? null : <a href={`${base}/events`}>From the beginning</a>}
          </Empty>
        ) : (
          <Table events={events} base={base} />
        )}
        {next === null ? null : (
          <nav class="pages" aria-label="Pages">
            <span>{events.length} events</span>
            <a href={`${base}/events?${new URLSearchParams({ ...narrowed, after: next }).toString()}`}>Newer ones</a>
          </nav>
        )}
      </>
    ),
  });
}

/** Reads the cursor of the link to what comes next. */
function nextOf(link: string | null | undefined): string | null {
  return link == null ? null : new URL(link, "http://localhost").searchParams.get("after");
}

function Table({ events, base }: { events: WorkspaceEvent[]; base: string }) {
  const now = Date.now();
  return (
    <div class="table">
      <table class="folds">
        <thead>
          <tr>
            <th>When</th>
            <th>What</th>
            <th>About</th>
            <th>Who</th>
            <th>Outcome</th>
          </tr>
        </thead>
        <tbody>
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
                <code>{attributes.actor}</code>
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
        </tbody>
      </table>
    </div>
  );
}

function About({ subject, base }: { subject: Subject; base: string }) {
  const short = <code title={subject.id}>{subject.id.slice(0, 8)}</code>;
  return (
    <>
      {subject.type} {subject.type === "auth-secret" ? <a href={`${base}/secrets/${subject.id}`}>{short}</a> : short}
    </>
  );
}
