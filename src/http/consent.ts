/**
 * The person's part of a consent flow: `/connect/{token}` says who asks for what, `/connect/{token}/continue` sends the browser to the
 * provider, `/callback/oauth2/{client}` takes it back, or `/callback/oauth2`, which some clients share. A cookie binds the flow to that browser, and tells which actor it belongs
 * to; `state` alone leads nowhere.
 */

import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { publicUrlFor, settingsOf } from "../bindings.ts";
import { digest } from "../domain/digest.ts";
import { type AuthClientId, type AuthorizationId, OWN_ID } from "../domain/ids.ts";
import { ServiceError, toServiceError } from "../errors.ts";
import { type AuthorizationView, secretStub } from "../secret-actor/stub.ts";
import { lookHeaders } from "../look/headers.ts";
import { type AuthorizationRoute, findAuthorization, findAuthorizationByConnect } from "../store/authorizations.ts";
import { connectPage } from "./connect-page.tsx";
import { callbackRoutes, connectRoutes } from "./consent-routes.ts";
import type { App, Context } from "./context.ts";
import { type End, endPage } from "./end-page.tsx";

/** Longer than a flow lives, so that somebody who comes too late is told so. */
const COOKIE_SECONDS = 15 * 60;
const MAX_FORM_BYTES = 16 * 1024;

/** What the cookie of one opening holds. */
interface BoundFlow {
  authorization: AuthorizationId;
  browserToken: string;
}

export function addConsentRoutes(app: App): void {
  for (const path of ["/connect/*", "/callback/*"]) {
    app.use(path, async (c, next) => {
      await next();
      c.header("Cache-Control", "no-store");
      // The address holds what nobody else may have.
      c.header("Referrer-Policy", "no-referrer");
    });
    app.use(path, lookHeaders);
  }

  for (const route of [...connectRoutes, ...callbackRoutes]) app.openAPIRegistry.registerPath(route);

  // One route for both, as one of these beside the other would cost every request the quick router (test/http/router.test.ts).
  app.get("/connect/:token", async (c) => {
    const token = c.req.param("token");
    if (token === "ended") return showEnd(c, { outcome: c.req.query("outcome"), requestId: c.req.query("request") });
    return c.req.method === "HEAD" ? c.body(null, 200) : await showQuestion(c, token);
  });

  // A link and no form: what a policy says of forms, browsers hold redirects after them to as well.
  app.get("/connect/:token/continue", async (c) => {
    // Whoever only looks whether there is something opens nothing.
    if (c.req.method === "HEAD") return c.body(null, 200);
    const token = c.req.param("token");
    // Nobody is led past the page that says who asks for what: only that page leads here. Programs that are no browsers do not say.
    if ((c.req.header("Sec-Fetch-Site") ?? "same-origin") !== "same-origin") return c.redirect(connectPath(token), 303);
    try {
      const route = await findAuthorizationByConnect(c.env.DB, await digest(token));
      return route === null ? toEnd(c, "unknown_link") : c.redirect(await openIn(c, route), 303);
    } catch (error) {
      // The page before knows why it cannot be opened.
      if (toServiceError(error).failure.code === "conflict") return c.redirect(connectPath(token), 303);
      return endOf(c, error);
    }
  });

  app.get("/callback/oauth2", (c) => comeBack(c, null));
  app.get("/callback/oauth2/:client", (c) => comeBack(c, c.req.param("client")));

  // A provider that posts its answer (response_mode=form_post) comes from another site, so the cookie is not with it: send the
  // browser round once more, by GET.
  const smallForm = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: refuseLargeForm });
  app.post("/callback/oauth2", smallForm, (c) => goRound(c));
  app.post("/callback/oauth2/:client", smallForm, (c) => goRound(c));
}

/** Shows whoever has the link what they are asked, or why nobody is asked any more. Opens nothing. */
async function showQuestion(c: Context, token: string): Promise<Response> {
  try {
    const route = await findAuthorizationByConnect(c.env.DB, await digest(token));
    if (route === null) return toEnd(c, "unknown_link");
    const { flow, question } = await secretStub(c.env, route.workspaceId, route.secretId).describeConsent({
      requestId: c.get("requestId"),
      id: route.id,
    });
    const providerHost = question?.providerHost ?? null;
    if (question !== null && providerHost !== null) {
      const { workspaceName, workspaceId, expiresAt } = route;
      const workspace = workspaceName ?? workspaceId;
      const times = { expiresAt, now: Date.now() };
      return c.html(
        connectPage({ ...question, ...times, providerHost, workspace, continueTo: `${connectPath(token)}/continue` }),
      );
    }
    const outcome = question === null ? lateOutcome(flow) : "host_unknown";
    const backTo = flow.returnUrl === null || question !== null ? null : targetOf(c, flow);
    return showEnd(c, { outcome, requestId: c.get("requestId"), backTo });
  } catch (error) {
    return endOf(c, error);
  }
}

/** What to tell somebody who comes after the end. */
function lateOutcome({ status, reason }: AuthorizationView): string {
  if (status === "completed") return "used";
  return reason === "expired" ? "expired" : "ended";
}

function showEnd(c: Context, end: End): Response | Promise<Response> {
  const { status, document } = endPage(end);
  return c.html(document, status);
}

/** Takes the browser back, at the callback of a client or at the shared one. */
async function comeBack(c: Context, client: string | null): Promise<Response> {
  const { search, searchParams } = new URL(c.req.url);
  const state = searchParams.get("state") ?? "";
  const bound = await boundFlow(c, state);
  if (bound === null || (client !== null && !OWN_ID.test(client))) return toEnd(c, "other_browser");
  try {
    const route = await findAuthorization(c.env.DB, bound.authorization);
    if (route === null) return toEnd(c, "ended");
    const flow = await secretStub(c.env, route.workspaceId, route.secretId).completeConsent({
      requestId: c.get("requestId"),
      authorizationId: route.id,
      authClientId: client as AuthClientId | null,
      browserToken: bound.browserToken,
      query: search,
    });
    if (flow.status === "refused") return toEnd(c, "ended");
    deleteCookie(c, await cookieName(c, state), cookieOptions(c));
    return c.redirect(targetOf(c, flow), 303);
  } catch (error) {
    return endOf(c, error);
  }
}

/** Sends the browser to where it posted to, with what it posted in the query. */
async function goRound(c: Context): Promise<Response> {
  const answer = new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
  return c.redirect(`${new URL(c.req.url).pathname}?${answer.toString()}`, 303);
}

/** Opens the flow in this browser and gives the provider's page to go to. */
async function openIn(c: Context, route: AuthorizationRoute): Promise<string> {
  const { location, state, browserToken } = await secretStub(c.env, route.workspaceId, route.secretId).openConsent({
    requestId: c.get("requestId"),
    id: route.id,
    publicUrl: publicUrlFor(settingsOf(c.env), c.req.url),
  });
  const value = `${route.id}.${browserToken}`;
  setCookie(c, await cookieName(c, state), value, { ...cookieOptions(c), maxAge: COOKIE_SECONDS });
  return location;
}

async function boundFlow(c: Context, state: string): Promise<BoundFlow | null> {
  const value = getCookie(c, await cookieName(c, state));
  const [authorization = "", browserToken] = value?.split(".") ?? [];
  if (browserToken === undefined || !OWN_ID.test(authorization)) return null;
  return { authorization: authorization as AuthorizationId, browserToken };
}

/** Gives the page on which the person ends: the platform's own with what came of it, or ours. */
function targetOf(c: Context, flow: AuthorizationView): string {
  const outcome = flow.status === "completed" ? "connected" : (flow.reason ?? "provider_refused");
  if (flow.returnUrl === null) return endPath(c, outcome);
  const target = new URL(flow.returnUrl);
  target.searchParams.set("authorization_id", flow.id);
  if (flow.status === "completed") target.searchParams.set("secret_id", flow.secretId);
  else target.searchParams.set("error", outcome);
  return target.href;
}

/** Names the cookie of one opening, so that flows in several tabs do not meet. The prefix needs https (RFC 6265bis 4.1.3.2). */
async function cookieName(c: Context, state: string): Promise<string> {
  const name = `connect-${(await digest(state)).slice(0, 16)}`;
  return isSecure(c) ? `__Host-${name}` : name;
}

function cookieOptions(c: Context) {
  return { path: "/", httpOnly: true, secure: isSecure(c), sameSite: "Lax" } as const;
}

function isSecure(c: Context): boolean {
  return publicUrlFor(settingsOf(c.env), c.req.url).startsWith("https:");
}

function refuseLargeForm(): never {
  throw new ServiceError("payload_too_large", `A provider's answer may hold at most ${MAX_FORM_BYTES / 1024} KiB.`);
}

/** Leaves the URL that holds the code behind. */
function toEnd(c: Context, outcome: string): Response {
  return c.redirect(endPath(c, outcome), 303);
}

/** Shows a person that something went wrong; what it was stands in the log. */
function endOf(c: Context, error: unknown): Response {
  const failure = toServiceError(error);
  c.set("failure", failure);
  const hasEnded = failure.failure.code === "conflict" || failure.failure.code === "not_found";
  return toEnd(c, hasEnded ? "ended" : "failed");
}

/** Gives the address of our page for an outcome. One that somebody may ask about says which request it was. */
function endPath(c: Context, outcome: string): string {
  const request = outcome === "connected" ? undefined : { request: c.get("requestId") };
  return `/connect/ended?${new URLSearchParams({ outcome, ...request }).toString()}`;
}

function connectPath(token: string): string {
  return `/connect/${encodeURIComponent(token)}`;
}
