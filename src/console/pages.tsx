/** The router of the console: what every page goes through, and where each is. */

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { csrf } from "hono/csrf";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isOfSession } from "../auth/session.ts";
import { PLATFORM_ID, type WorkspaceId } from "../domain/ids.ts";
import { ServiceError, toServiceError } from "../errors.ts";
import { statusOf } from "../jsonapi/errors.ts";
import { lookHeaders } from "../look/headers.ts";
import { page } from "../look/page.tsx";
import { newClientPage, createClient } from "./client-form.tsx";
import { changeClient, clientPage, deleteClient, diagnosePage } from "./client.tsx";
import { clientsPage } from "./clients.tsx";
import { eventsPage } from "./events.tsx";
import { show } from "./frame.tsx";
import { createKey, keysPage, newKeyPage, revokeKey } from "./keys.tsx";
import { overviewPage } from "./overview.tsx";
import { authorizedPage } from "./consent.tsx";
import { authorize, changeSecret, deleteSecret, refreshSecret, secretPage } from "./secret.tsx";
import { createSecret, newSecretPage } from "./new-secret.tsx";
import { secretsPage } from "./secrets.tsx";
import { baseOf, type ConsoleEnv, type Context, type Fault, Refusal } from "./service.ts";
import { foreignForm, sessionOf, setRetryAfter, showSignIn, signIn, signOut, toSignIn } from "./sign-in.tsx";
import { createPlace, deletePlace, homePage, tenancyPage } from "./tenancy.tsx";

const MAX_FORM_BYTES = 256 * 1024;
const IN_WORKSPACE = "/console/workspaces/:workspace";

const FORM = /^application\/x-www-form-urlencoded[ \t]*(;|$)/i;
const FORM_REFUSALS: Record<number, string> = { 413: "This form is too large.", 415: "This is no form." };

/** Makes the pages. They need a `Service` as their environment. */
export function createConsole() {
  const app = new Hono<ConsoleEnv>({ strict: false });

  app.use(lookHeaders, async (c, next) => {
    await next();
    c.header("Cache-Control", "no-store");
  });
  app.use(
    bodyLimit({ maxSize: MAX_FORM_BYTES }),
    csrf({ origin: (origin, c) => origin === (c as Context).env.publicUrl }),
    async (c, next) => {
      // What csrf does not look at is no form.
      if (c.req.method === "POST" && !FORM.test(c.req.header("Content-Type") ?? "")) throw new HTTPException(415);
      c.set("workspace", null);
      c.set("form", new URLSearchParams(c.req.method === "POST" ? await c.req.text() : ""));
      await next();
    },
  );

  app.get("/console/sign-in", (c) => showSignIn(c));
  app.post("/console/sign-in", (c) => signIn(c));

  app.use(async (c, next) => {
    const session = await sessionOf(c);
    if (session === null) return isFromElsewhere(c) ? comeBack(c) : toSignIn(c, hadSession(c) ? "ended" : undefined);
    c.set("session", session);
    if (c.req.method === "POST" && !(await isOfSession(session, c.get("form").get("csrf") ?? ""))) throw foreignForm();
    await next();
  });
  app.post("/console/sign-out", (c) => signOut(c));

  app.use(`${IN_WORKSPACE}/*`, async (c, next) => {
    const workspace = c.req.param("workspace");
    if (!PLATFORM_ID.test(workspace)) return await c.notFound();
    c.set("workspace", workspace as WorkspaceId);
    await next();
  });

  app.get("/console", async (c) => {
    const [own] = c.get("principal").lineage;
    return own.level === "workspace" ? c.redirect(`/console/workspaces/${own.id}`, 303) : await homePage(c);
  });
  app.get("/console/go", (c) => {
    const workspace = c.req.query("workspace") ?? "";
    return PLATFORM_ID.test(workspace) ? c.redirect(`/console/workspaces/${workspace}`, 303) : c.notFound();
  });
  app.get("/console/tenancy", (c) => c.redirect("/console/tenancy/workspaces", 303));
  app.get("/console/tenancy/:kind", (c) => tenancyPage(c));
  app.get("/console/tenancy/:kind/:id", (c) => c.redirect(`/console/tenancy/${c.req.param("kind")}`, 303));
  app.post("/console/tenancy/:kind", (c) => createPlace(c));
  app.post("/console/tenancy/:kind/:id/delete", (c) => deletePlace(c));

  app.get(IN_WORKSPACE, (c) => overviewPage(c));
  app.get(`${IN_WORKSPACE}/secrets`, (c) => secretsPage(c));
  app.get(`${IN_WORKSPACE}/secrets/new`, (c) => newSecretPage(c));
  app.post(`${IN_WORKSPACE}/secrets/new`, (c) => createSecret(c));
  app.get(`${IN_WORKSPACE}/secrets/:id`, (c) => secretPage(c));
  app.post(`${IN_WORKSPACE}/secrets/:id`, (c) => changeSecret(c));
  app.post(`${IN_WORKSPACE}/secrets/:id/refresh`, (c) => refreshSecret(c));
  app.post(`${IN_WORKSPACE}/secrets/:id/authorize`, (c) => authorize(c));
  app.post(`${IN_WORKSPACE}/secrets/:id/delete`, (c) => deleteSecret(c));
  app.get(`${IN_WORKSPACE}/authorized`, (c) => authorizedPage(c));
  app.get(`${IN_WORKSPACE}/events`, (c) => eventsPage(c));

  for (const base of ["/console", IN_WORKSPACE]) {
    app.get(`${base}/clients`, (c) => clientsPage(c));
    app.get(`${base}/clients/new`, (c) => newClientPage(c));
    app.post(`${base}/clients/new`, (c) => createClient(c));
    app.get(`${base}/clients/:id`, (c) => clientPage(c));
    app.post(`${base}/clients/:id`, (c) => changeClient(c));
    app.post(`${base}/clients/:id/diagnose`, (c) => diagnosePage(c));
    app.post(`${base}/clients/:id/delete`, (c) => deleteClient(c));
    app.get(`${base}/keys`, (c) => keysPage(c));
    app.get(`${base}/keys/new`, (c) => newKeyPage(c));
    app.get(`${base}/keys/:id`, (c) => c.redirect(`${baseOf(c)}/keys`, 303));
    app.post(`${base}/keys/new`, (c) => createKey(c));
    app.post(`${base}/keys/:id/revoke`, (c) => revokeKey(c));
  }

  // Whoever loads the answer to a form again, or signs in after it, is where the form was.
  app.get("/console/sign-out", (c) => c.redirect("/console", 303));
  app.get("*", async (c, next) => {
    const { pathname } = new URL(c.req.url);
    const above = /^(\/console\/.+)\/(refresh|authorize|delete|diagnose|revoke)$/.exec(pathname)?.[1];
    if (above !== undefined) return c.redirect(above, 303);
    await next();
  });

  app.notFound((c) => failure(c, 404, [{ detail: "There is no such page." }]));
  app.onError((error, c) => {
    if (error instanceof Refusal) return failure(c, error.status, error.faults);
    if (error instanceof HTTPException && error.status < 500) {
      const detail = FORM_REFUSALS[error.status] ?? "This form was sent from another site, or by no browser.";
      c.env.failed(new ServiceError("forbidden", detail));
      return failure(c, error.status, [{ detail }]);
    }
    const failed = toServiceError(error);
    c.env.failed(failed);
    setRetryAfter(c, failed);
    return failure(c, statusOf(failed.failure.code), failed.failure.problems);
  });
  return app;
}

/** Shows that something did not work, in the frame of the console for those who are signed in. */
function failure(c: Context, status: number, faults: readonly Fault[]): Response | Promise<Response> {
  const title = status === 404 ? "There is nothing here" : (faults[0]?.title ?? "This did not work");
  const children = (
    <>
      <h1>{title.replace(/\.$/, "")}</h1>
      {faults.map(({ detail }) => (
        <p>{detail}</p>
      ))}
      <p class="muted small">
        Request <code>{c.env.requestId}</code>
      </p>
      <p>
        <a href="/console">To the console</a>
      </p>
    </>
  );
  if (c.get("session") !== undefined) return show(c, { title, status, children });
  return c.html(page({ title, narrow: true, children }), status as ContentfulStatusCode);
}

/** A link from another site, or the way back from a provider: browsers leave the cookie out (SameSite=Strict). */
function isFromElsewhere(c: Context): boolean {
  return c.req.method === "GET" && c.req.header("Sec-Fetch-Site") === "cross-site";
}

/** Lets the browser ask once more, from a page of ours, so that it brings the cookie along. */
function comeBack(c: Context): Response | Promise<Response> {
  const { pathname, search } = new URL(c.req.url);
  const here = pathname + search;
  const document = page({
    title: "One moment",
    narrow: true,
    head: <meta http-equiv="refresh" content={`0; url=${here}`} />,
    children: (
      <>
        <h1>One moment</h1>
        <p>
          <a href={here}>Go on to the console</a>
        </p>
      </>
    ),
  });
  return c.html(document);
}

function hadSession(c: Context): boolean {
  return /(?:^|; )(?:__Host-)?edge-secrets=/.test(c.req.header("Cookie") ?? "");
}
