/** The HTTP API as the demo uses it: documents for setting up and cleaning up, and the token read that its steps repeat. */

import { hash } from "node:crypto";
import { DemoFailure } from "./failure.ts";
import type { Server } from "./server.ts";

/** A resource of a document; what stands in it is known where it is used. */
export interface Resource {
  id: string;
  attributes: Record<string, unknown>;
  relationships: Record<string, { data: { id: string } }>;
  links: { self: string };
}

/** What one token read came to. The token itself is forgotten here. */
export type TokenRead =
  { ok: true; version: number; expiresAt: number; fingerprint: string } | { ok: false; why: string };

interface ApiError {
  code?: unknown;
  detail?: unknown;
  source?: { pointer?: unknown };
}

/** How long a request of the set-up may take; the demo cannot be interrupted meanwhile, since it would not know what was made. */
export const ANSWER_MS = 5000;
/** A read may wait up to 12 seconds for a renewal. */
const READ_MS = 15_000;
const GOODBYE_MS = 2000;

export class Api {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Creates a resource. `what` is its name for people. @throws {DemoFailure} */
  async create(what: string, path: string, data: object): Promise<Resource> {
    return await this.#resource(what, "POST", path, JSON.stringify({ data }));
  }

  /** Reads a resource. @throws {DemoFailure} */
  async read(what: string, path: string): Promise<Resource> {
    return await this.#resource(what, "GET", path);
  }

  /** Deletes what may be gone already; rejects when it may still be there. */
  async delete(path: string): Promise<void> {
    const response = await this.#send("DELETE", path, { signal: AbortSignal.timeout(GOODBYE_MS) });
    await response.body?.cancel();
    if (!response.ok && response.status !== 404) throw new Error(`answered with ${response.status}`);
  }

  /** Reads a token as a step does. Every failure is a value, in a few words. */
  async readToken(secretPath: string, requestId: string, stop: AbortSignal): Promise<TokenRead> {
    try {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(READ_MS)]);
      const response = await this.#send("GET", `${secretPath}/token`, {
        signal,
        headers: { "x-request-id": requestId },
      });
      const body = JSON.parse(await response.text());
      if (!response.ok) return { ok: false, why: failureOf(response.status, body) };
      const expiresAt = Date.parse(body.expires_at);
      if (!(expiresAt > Date.now())) return { ok: false, why: "an expired token" };
      return { ok: true, version: body.version, expiresAt, fingerprint: hash("sha256", String(body.access_token)) };
    } catch (error) {
      if (error instanceof SyntaxError) return { ok: false, why: "an unreadable answer" };
      return {
        ok: false,
        why: error instanceof Error && error.name === "TimeoutError" ? "no answer in 15 s" : "no connection",
      };
    }
  }

  async #resource(what: string, method: string, path: string, body?: string): Promise<Resource> {
    let response: Response;
    let document: { data?: Resource; errors?: ApiError[] };
    try {
      response = await this.#send(method, path, {
        signal: AbortSignal.timeout(ANSWER_MS),
        ...(body !== undefined && { body }),
      });
      document = JSON.parse(await response.text());
    } catch {
      throw new DemoFailure(`The server at ${this.#server.url} gave no usable answer when asked for ${what}.`);
    }
    if (response.ok && document.data !== undefined) return document.data;
    throw new DemoFailure(this.#refusal(what, response.status, document.errors?.[0] ?? {}));
  }

  #send(
    method: string,
    path: string,
    init: { signal: AbortSignal; body?: string; headers?: Record<string, string> },
  ): Promise<Response> {
    const headers = {
      authorization: `Bearer ${this.#server.rootKey}`,
      ...(init.body !== undefined && { "content-type": "application/json" }),
      ...init.headers,
    };
    return fetch(this.#server.url + path, { ...init, method, headers, redirect: "manual" });
  }

  #refusal(what: string, status: number, error: ApiError): string {
    if (status === 401) {
      return `The server at ${this.#server.url} does not accept this ROOT_API_KEY: --home names the folder the server was started with.`;
    }
    if (String(error.source?.pointer).endsWith("/auth_uri")) {
      return `The server at ${this.#server.url} calls no provider on this machine; ALLOW_LOOPBACK="true" in its .dev.vars lets it.`;
    }
    const detail = typeof error.detail === "string" ? `: ${error.detail}` : ".";
    return `The server at ${this.#server.url} refused ${what} (${failureOf(status, { errors: [error] })})${detail}`;
  }
}

/** Words a failure by its status and, of our closed list, its code. */
function failureOf(status: number, body: { errors?: ApiError[] } | null): string {
  const code = body?.errors?.[0]?.code;
  return typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? `${status} ${code}` : String(status);
}
