/**
 * A server that plays what it is told and remembers what it was asked. A script has a path of its own, `/<id>/…`; the rest of the path is
 * the address that a provider would have, its host first. Runs in Node.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Heard, Script } from "./script.ts";

/** In the place of a body: 2 MiB of spaces and an empty object. */
const GENERATED = "__GENERATED_2MIB__";
const MIB = 1024 * 1024;

/** Starts the server on a free port of this machine. */
export async function startScriptedServer(): Promise<{ origin: string; stop: () => Promise<void> }> {
  const scripts = new Map<string, Script>();
  const heard = new Map<string, Heard[]>();
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
    const [, id = "", ...rest] = pathname.split("/");
    const body = await text(request);
    if (id === "scripts") return control(request, response, rest[0] ?? "", body);
    const script = scripts.get(id);
    if (script === undefined) return void response.writeHead(404).end();
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const url = `https://${rest.join("/")}${search}`;
    heard.get(id)?.push({ method: request.method ?? "", url, headers, body });
    response.writeHead(script.status, script.headers);
    response.end(script.body === GENERATED ? `${" ".repeat(2 * MIB)}{}` : script.body);
  }

  function control(request: IncomingMessage, response: ServerResponse, id: string, body: string): void {
    if (request.method !== "PUT") return void response.end(JSON.stringify(heard.get(id) ?? []));
    scripts.set(id, JSON.parse(body) as Script);
    heard.set(id, []);
    response.writeHead(204).end();
  }

  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, stop: () => stop(server) };
}

async function text(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString("utf8");
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((stopped) => server.close(() => stopped()));
}
