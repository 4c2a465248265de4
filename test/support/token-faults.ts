/**
 * Stands in front of the provider's token endpoint: counts each client's requests and plays the faults a test asked for.
 * Of refresh tokens it keeps digests, so that two requests with the same one can be told.
 */

import { hash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Context, Middleware } from "oidc-provider";
import type { ClientSettings, TokenCall, TokenFault } from "./provider-contract.ts";
import { ReuseWindow } from "./reuse-window.ts";

/** All that is known of one client besides what oidc-provider stores. */
export interface ClientRecord extends ClientSettings {
  fault: TokenFault | null;
  timesLeft: number;
  reuseWindow: ReuseWindow;
  /** Aborted to let go what a fault holds back now. */
  held: AbortController;
  calls: TokenCall[];
  inFlight: number;
  mostInFlight: number;
}

/** Makes the record of a client that has not called yet. */
export function newClientRecord(settings: ClientSettings): ClientRecord {
  return {
    ...settings,
    fault: null,
    timesLeft: 0,
    reuseWindow: new ReuseWindow(),
    held: new AbortController(),
    calls: [],
    inFlight: 0,
    mostInFlight: 0,
  };
}

/** Records every request at `tokenPath` with its client and plays that client's fault; other paths pass. */
export function tokenFaults(
  tokenPath: string,
  recordOf: (clientId: string) => ClientRecord,
  onTokenRequest: (call: TokenCall) => void,
): Middleware {
  return async (ctx, next) => {
    if (ctx.method !== "POST" || ctx.path !== tokenPath) return next();

    const form = await readForm(ctx);
    const call = describe(ctx, form);
    const record = recordOf(call.client_id);
    record.calls.push(call);
    record.inFlight += 1;
    record.mostInFlight = Math.max(record.mostInFlight, record.inFlight);
    const process = async () => {
      if (!record.reuseWindow.answerAgain(ctx, form)) {
        await next();
        record.reuseWindow.keep(ctx, form, record.reuse_window_seconds);
        call.processed_at = new Date().toISOString();
      }
      Object.assign(call, issuedIn(ctx.body));
    };
    try {
      await answer(ctx, process, takeFault(record, call.grant_type), record.held.signal);
      if (!ctx.res.destroyed || ctx.res.headersSent) {
        Object.assign(call, { status: ctx.status, answered_at: new Date().toISOString() });
      }
    } finally {
      record.inFlight -= 1;
      onTokenRequest(call);
    }
  };
}

/** Reads the form and leaves an unread copy of the body, since oidc-provider warns about bodies that others have read. */
async function readForm(ctx: Context): Promise<URLSearchParams> {
  const original = ctx.req;
  const body = await buffer(original);
  const unread = new Readable({ read() {} });
  unread.push(body);
  unread.push(null);
  // oidc-provider reads headers and address from the request as well.
  const { headers, method, url, socket } = Object(original);
  ctx.req = Object.assign(unread, { headers, method, url, socket });
  return new URLSearchParams(body.toString());
}

function describe(ctx: Context, form: URLSearchParams): TokenCall {
  const refreshToken = form.get("refresh_token");
  return {
    at: new Date().toISOString(),
    grant_type: form.get("grant_type") ?? "",
    status: 0,
    client_id: form.get("client_id") ?? basicUser(ctx.get("authorization")),
    body_keys: [...new Set(form.keys())],
    ...(refreshToken && { refresh_token_sha256: hash("sha256", refreshToken) }),
  };
}

function issuedIn(body: unknown): Pick<TokenCall, "issued_sha256"> {
  const { refresh_token } = (body ?? {}) as { refresh_token?: string };
  return refresh_token === undefined ? {} : { issued_sha256: hash("sha256", refresh_token) };
}

/** Reads the client id of Basic authorization, which RFC 6749, section 2.3.1 wants form-encoded. */
function basicUser(authorization: string): string {
  const encoded = /^basic (.+)$/i.exec(authorization)?.[1] ?? "";
  const [user = ""] = Buffer.from(encoded, "base64").toString().split(":");
  return new URLSearchParams(`user=${user}`).get("user") ?? "";
}

function takeFault(record: ClientRecord, grantType: string): TokenFault {
  const { fault } = record;
  if (fault === null || (fault.grant_type ?? grantType) !== grantType) return {};
  record.timesLeft -= 1;
  if (record.timesLeft <= 0) record.fault = null;
  return fault;
}

async function answer(
  ctx: Context,
  process: () => Promise<void>,
  fault: TokenFault,
  released: AbortSignal,
): Promise<void> {
  if (fault.hold_ms) {
    await pause(fault.hold_ms, undefined, { ref: false });
    if (ctx.res.destroyed) return;
  }
  const scripted = fault.status !== undefined || fault.body !== undefined || fault.drop_connection === true;
  if (!scripted || fault.commit === true) await process();
  // Not `ref`: an answer still held back must not keep a closed provider's process alive.
  if (fault.delay_ms) await pause(fault.delay_ms, undefined, { ref: false, signal: released }).catch(() => undefined);

  if (scripted) return answerScript(ctx, fault);
  for (const [name, value] of Object.entries(fault.headers ?? {})) ctx.set(name, value);
  if (fault.omit_members && typeof ctx.body === "object" && ctx.body !== null) {
    const omitted = new Set(fault.omit_members);
    ctx.body = Object.fromEntries(Object.entries(ctx.body).filter(([name]) => !omitted.has(name)));
  }
}

/** Writes past Koa, so that nothing of the real answer's headers stays and nothing is added. */
function answerScript(ctx: Context, fault: TokenFault): void {
  const { res } = ctx;
  const { body = "", status = 200, headers = {} } = fault;
  ctx.respond = false;
  if (fault.drop_connection === true && body === "") {
    res.destroy();
    return;
  }
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  if (body !== "") res.setHeader("content-type", "application/json");
  if (fault.drop_connection === true) {
    // Promises more than it sends, so that the reader sees a truncated answer and not a short one.
    res.setHeader("content-length", Buffer.byteLength(body) + 1);
    res.writeHead(status, headers).write(body, () => res.destroy());
  } else {
    res.writeHead(status, headers).end(body);
  }
}
