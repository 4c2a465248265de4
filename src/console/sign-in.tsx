/** Signing in and out. What somebody signs in with becomes a sealed cookie, and is kept nowhere else. Signing out ends every copy of it. */

import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { newSession, openSession, sealSession, type Session, SESSION_SECONDS, usedSession } from "../auth/session.ts";
import { ServiceError, toServiceError } from "../errors.ts";
import { page } from "../look/page.tsx";
import { UNASKED } from "../look/script.ts";
import type { Context } from "./service.ts";

const SIGN_IN = "/console/sign-in";
const WORDS = {
  ended: "You were signed out: a session lasts eight hours, thirty minutes without use, and no longer than its key.",
  out: "You are signed out.",
} as const;

/** Finds the session of a request, and notes its use; null when there is none that counts. */
export async function sessionOf(c: Context): Promise<Session | null> {
  const sealed = getCookie(c, cookieName(c));
  const now = Date.now();
  const session = sealed === undefined ? null : await openSession(c.env.cipher, sealed, now);
  if (session === null) return null;
  if (await c.env.hasEnded(session)) {
    deleteCookie(c, cookieName(c), cookieOptions(c));
    return null;
  }
  try {
    c.set("principal", await c.env.identify(session.authorization));
  } catch (error) {
    if (toServiceError(error).failure.code !== "unauthenticated") throw error;
    deleteCookie(c, cookieName(c), cookieOptions(c));
    return null;
  }
  // A page that looks again by itself keeps nobody signed in.
  const used = c.req.header(UNASKED) === undefined ? usedSession(session, now) : null;
  if (used !== null) await keep(c, used);
  return session;
}

/** Sends somebody without a session to sign in, and from there on to where they wanted to go. */
export function toSignIn(c: Context, why?: keyof typeof WORDS): Response {
  const query = new URLSearchParams();
  if (why !== undefined) query.set("why", why);
  const { pathname, search } = new URL(c.req.url);
  if (c.req.method === "GET" && pathname !== "/console") query.set("next", pathname + search);
  return c.redirect(query.size === 0 ? SIGN_IN : `${SIGN_IN}?${query.toString()}`, 303);
}

/** Shows the form. */
export function showSignIn(
  c: Context,
  fault?: { status: 400 | 401 | 429 | 503; detail: string },
): Response | Promise<Response> {
  const why = c.req.query("why");
  const document = page({
    title: "Sign in",
    narrow: true,
    children: (
      <>
        <h1>Sign in</h1>
        {why === "ended" || why === "out" ? <p class="notice">{WORDS[why]}</p> : null}
        {fault === undefined ? null : (
          <p class="notice bad" role="alert">
            {fault.detail}
          </p>
        )}
        <form method="post" action={SIGN_IN} class="form">
          <input type="hidden" name="next" value={c.req.query("next") ?? c.get("form")?.get("next") ?? ""} />
          <div class="field">
            <label for="key">API key</label>
            <p class="hint" id="key-hint">
              A key of this service (<code>esk_…</code>), its root key, or a JWT of an issuer that it trusts. You see
              what that one may see.
            </p>
            <input
              id="key"
              name="key"
              type="password"
              autocomplete="current-password"
              required
              autofocus
              aria-describedby="key-hint"
              aria-invalid={fault === undefined ? undefined : "true"}
            />
          </div>
          <button>Sign in</button>
        </form>
        <p class="hint">
          {c.env.isDevelopment ? (
            <>
              On your own machine the root key is <code>ROOT_API_KEY</code> in the file <code>.dev.vars</code>.{" "}
            </>
          ) : null}
          What you enter stays sealed in a cookie of this browser: for eight hours at most, or until you sign out.
        </p>
      </>
    ),
  });
  return c.html(document, fault?.status ?? 200);
}

/** Takes the form. */
export async function signIn(c: Context): Promise<Response> {
  const key = (c.get("form").get("key") ?? "").trim();
  const authorization = `Bearer ${key}`;
  try {
    await c.env.identify(authorization);
  } catch (error) {
    const failed = toServiceError(error);
    const { code, problems } = failed.failure;
    if (code === "rate_limited") {
      c.env.failed(failed);
      setRetryAfter(c, failed);
      return await showSignIn(c, { status: 429, detail: problems[0]?.detail ?? "" });
    }
    if (code === "provider_unreachable") return await showSignIn(c, { status: 503, detail: problems[0]?.detail ?? "" });
    if (code !== "unauthenticated") throw error;
    return await showSignIn(c, {
      status: 401,
      detail: "This key is not valid. Look whether all of it was copied, or ask whoever made it.",
    });
  }
  if (!(await keep(c, newSession(authorization, Date.now())))) {
    return await showSignIn(c, {
      status: 400,
      detail: "This token is too long for a browser's session. Sign in with an API key.",
    });
  }
  return c.redirect(nextOf(c, c.get("form").get("next")), 303);
}

/** Says when it is worth coming again, where that is known (RFC 9110 10.2.3). */
export function setRetryAfter(c: Context, { failure: { retryAfterSeconds } }: ServiceError): void {
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
}

/** Ends the session, in this browser and wherever else its cookie is. */
export async function signOut(c: Context): Promise<Response> {
  await c.env.end(c.get("session"));
  deleteCookie(c, cookieName(c), cookieOptions(c));
  return c.redirect(`${SIGN_IN}?why=out`, 303);
}

async function keep(c: Context, session: Session): Promise<boolean> {
  const sealed = await sealSession(c.env.cipher, session);
  if (sealed === null) return false;
  const seconds = Math.ceil((session.startedAt - Date.now()) / 1000) + SESSION_SECONDS;
  setCookie(c, cookieName(c), sealed, { ...cookieOptions(c), maxAge: Math.max(1, seconds) });
  return true;
}

/** Leads on to pages of the console alone. */
function nextOf(c: Context, next: string | null): string {
  // As the browser will read it, with every `..` gone.
  const url = next === null ? null : URL.parse(next, c.env.publicUrl);
  const isOurs = url?.origin === c.env.publicUrl && /^\/console(\/|$)/.test(url.pathname);
  return isOurs && !url.pathname.startsWith(SIGN_IN) ? url.pathname + url.search : "/console";
}

/** The prefix needs https (RFC 6265bis 4.1.3.2). */
function cookieName(c: Context): string {
  return isSecure(c) ? "__Host-edge-secrets" : "edge-secrets";
}

function cookieOptions(c: Context) {
  return { path: "/", httpOnly: true, secure: isSecure(c), sameSite: "Strict" } as const;
}

function isSecure(c: Context): boolean {
  return c.env.publicUrl.startsWith("https:");
}

/** Refuses a form that no page of this session made. */
export function foreignForm(): ServiceError {
  return new ServiceError(
    "forbidden",
    "This form is not from a page of your session. Go back, load the page again and send it once more.",
  );
}
