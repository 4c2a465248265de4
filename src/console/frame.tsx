/** What stands around each page of the console: the workspace, the way to the other pages, who is signed in; and how a page is sent. */

import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { page } from "../look/page.tsx";
import { may, picksWorkspace, seesClients, seesKeys } from "./access.ts";
import { baseOf, type Context, type Notice, NOTICES } from "./service.ts";

type Tab = "overview" | "secrets" | "clients" | "keys" | "events" | "tenancy";

export interface View {
  title: string;
  tab?: Tab;
  status?: number;
  children?: Child;
}

/** Sends a page, with the notice that its address asks for. */
export function show(c: Context, { title, tab, status = 200, children }: View): Response | Promise<Response> {
  const document = page({
    title,
    home: "/console",
    aside: <Aside c={c} />,
    tabs: <Tabs c={c} tab={tab} />,
    children: (
      <>
        <NoticeOf name={c.req.query("notice")} />
        {children}
      </>
    ),
  });
  return c.html(document, status as ContentfulStatusCode);
}

/** Stands above a page: what it is, and what can be done on it. */
export function Title({ trail, children, actions }: { trail?: Child; children?: Child; actions?: Child }) {
  return (
    <div>
      {trail === undefined ? null : <p class="trail">{trail}</p>}
      <div class="title">
        <h1>{children}</h1>
        {actions === undefined ? null : <div class="actions">{actions}</div>}
      </div>
    </div>
  );
}

/** Leads back to the list that a page belongs to, where the person may see it. */
export function TrailTo({ path, isSeen, children }: { path: string; isSeen: boolean; children?: Child }) {
  return isSeen ? <a href={path}>{children}</a> : <>{children}</>;
}

/** Says that there is nothing yet, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

function Aside({ c }: { c: Context }) {
  const principal = c.get("principal");
  const [own] = principal.lineage;
  const workspace = c.get("workspace");
  return (
    <>
      {picksWorkspace(c) ? (
        <form action="/console/go" class="actions">
          <label class="muted" for="workspace">
            Workspace
          </label>
          <input
            id="workspace"
            name="workspace"
            size={14}
            value={workspace ?? ""}
            required
            pattern="[A-Za-z0-9_\-]{1,64}"
          />
          <button class="quiet small">Go</button>
        </form>
      ) : (
        <span class="muted">Workspace {own.level === "workspace" ? own.id : workspace}</span>
      )}
      <form method="post" action="/console/sign-out" class="actions">
        <input type="hidden" name="csrf" value={c.get("session").csrf} />
        <span class="muted" title={principal.id}>
          {nameOf(principal.id)}
        </span>
        <button class="quiet small">Sign out</button>
      </form>
    </>
  );
}

function Tabs({ c, tab }: { c: Context; tab: Tab | undefined }) {
  const base = baseOf(c);
  const isThere = c.get("workspace") !== null;
  const tabs: [Tab, string, string, boolean][] = [
    ["overview", base, "Overview", isThere],
    ["secrets", `${base}/secrets`, "Secrets", isThere && may(c, "workspaces.auth_secret.get")],
    ["clients", `${base}/clients`, "Auth clients", seesClients(c)],
    ["keys", `${base}/keys`, "API keys", seesKeys(c)],
    ["events", `${base}/events`, "Events", isThere && may(c, "workspaces.events.get")],
    ["tenancy", "/console/tenancy", "Tenancy", picksWorkspace(c)],
  ];
  return (
    <nav class="tabs" aria-label="Pages of the console">
      <ul>
        {tabs
          .filter(([, , , isShown]) => isShown)
          .map(([name, path, label]) => (
            <li>
              <a href={path} aria-current={name === tab ? "page" : undefined}>
                {label}
              </a>
            </li>
          ))}
      </ul>
    </nav>
  );
}

function NoticeOf({ name }: { name: string | undefined }) {
  if (name === undefined || !Object.hasOwn(NOTICES, name)) return null;
  return (
    <p class="notice good" role="status">
      {NOTICES[name as Notice]}
    </p>
  );
}

/** A key's id is long, and its beginning tells it from others. */
function nameOf(id: string): string {
  return id.startsWith("key:") ? `API key ${id.slice(4, 12)}…` : id;
}
