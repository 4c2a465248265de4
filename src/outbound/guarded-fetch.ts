/**
 * The only place that calls `fetch`. Every call is checked against the egress rules, follows no redirect, has one total
 * time-out and reads at most 1 MiB. Knows nothing of OAuth.
 */

import type { RawAnswer } from "../domain/oauth2/answer.ts";
import type { Refusal } from "../domain/oauth2/response.ts";
import { type EgressPolicy, providerUriFault } from "../domain/provider-uri.ts";

export type Fetched = { kind: "answer"; answer: RawAnswer } | { kind: "failed"; refusal: Refusal };

/** The longest body that is read, in bytes. */
const MAX_BODY_BYTES = 1024 * 1024;
/** The room for the first piece of it: a token answer is seldom longer, and larger room costs more than the rest of the call. */
const FIRST_PIECE_BYTES = 4 * 1024;
/** The room for each other piece, used again for the next: pieces of their own are much garbage where many answers are long. */
const PIECE_BYTES = 64 * 1024;

/** Sends one request, once. Never throws for anything that the other side does. */
export async function guardedFetch(
  uri: string,
  init: { method: string; headers: Record<string, string>; body?: BodyInit | null },
  limits: { policy: EgressPolicy; timeoutMs: number },
): Promise<Fetched> {
  if (providerUriFault(uri, limits.policy) !== null) return failed("config_error", "address_refused");

  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), limits.timeoutMs);
  try {
    const response = await fetch(uri, { ...init, redirect: "manual", signal: controller.signal });
    const body = await readBounded(response);
    if (body === null) return failed("ambiguous", "response_too_large");
    return {
      kind: "answer",
      answer: {
        status: response.status,
        retryAfter: response.headers.get("Retry-After"),
        mediaType: mediaTypeOf(response),
        ...(asksForBasic(response) && { asksForBasic: true as const }),
        body,
      },
    };
  } catch {
    // The runtime does not tell a refused connection from one that was reset after sending (docs/decisions/0005).
    return failed("ambiguous", controller.signal.aborted ? "timeout" : "provider_unreachable");
  } finally {
    clearTimeout(timer);
  }
}

/** A media type is a word of the server's: only one that looks like one is told (RFC 9110 8.3.1). */
function mediaTypeOf(response: Response): string | null {
  const [type = ""] = (response.headers.get("Content-Type") ?? "").toLowerCase().split(";");
  return /^[a-z0-9.+-]{1,40}\/[a-z0-9.+-]{1,80}$/.test(type.trim()) ? type.trim() : null;
}

function asksForBasic(response: Response): boolean {
  return response.status === 401 && /^basic\b/i.test(response.headers.get("WWW-Authenticate") ?? "");
}

function failed(refusal: Refusal["class"], reason: Refusal["reason"]): Fetched {
  return { kind: "failed", refusal: { class: refusal, reason, retryAfterSeconds: null } };
}

/** Reads a body as UTF-8 text; null, and the rest cancelled, when it is longer than allowed. */
async function readBounded(response: Response): Promise<string | null> {
  if (response.body === null) return "";
  const reader = response.body.getReader({ mode: "byob" });
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  let room = new Uint8Array(FIRST_PIECE_BYTES);
  for (;;) {
    const { done, value } = await reader.read(room);
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > MAX_BODY_BYTES) {
      await reader.cancel();
      return null;
    }
    text += decoder.decode(value, { stream: true });
    const { buffer } = value;
    const isTooSmall = value.byteLength === buffer.byteLength && buffer.byteLength < PIECE_BYTES;
    room = new Uint8Array(isTooSmall ? new ArrayBuffer(PIECE_BYTES) : buffer);
  }
}
