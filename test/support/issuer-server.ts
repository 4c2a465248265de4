/**
 * A server on loopback that answers each path as a test wrote it, and remembers what it was asked: issuers have their metadata, and
 * their endpoints, at several. Runs in Node; tests inside workerd write its script through `/control`.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json, text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { HeardRequest, ScriptedAnswer } from "./issuer-contract.ts";

export interface IssuerServer {
  origin: string;
  close(): Promise<void>;
}

/** Starts one on a free port. `PUT /control` adds to the script, `GET /control?of=…` lists the requests whose path holds a word. */
export async function startIssuerServer(): Promise<IssuerServer> {
  const script = new Map<string, ScriptedAnswer>();
  const heard: HeardRequest[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", origin);
    if (pathname === "/control") {
      const of = searchParams.get("of") ?? "";
      if (request.method === "PUT") {
        for (const each of Object.entries((await json(request)) as Record<string, ScriptedAnswer>)) script.set(...each);
      }
      response.end(JSON.stringify(heard.filter(({ path }) => path.includes(of))));
      return;
    }
    const { authorization = null } = request.headers;
    heard.push({ method: request.method ?? "", path: request.url ?? "", authorization, body: await text(request) });
    const isBasic = authorization?.startsWith("Basic ") === true;
    const written = script.get(`${request.method} ${pathname}`) ?? script.get(pathname);
    await play((isBasic ? written?.with_basic : undefined) ?? written ?? { status: 404 }, response);
  }

  return {
    origin,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function play(
  { status = 200, headers = {}, body = "", pad = 0, delay_ms = 0, drop = false }: ScriptedAnswer,
  response: ServerResponse,
): Promise<void> {
  if (delay_ms > 0) await pause(delay_ms, undefined, { ref: false });
  if (drop) {
    response.destroy();
    return;
  }
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(sent + " ".repeat(pad));
}
