/**
 * A server on loopback that answers what it is told, by path, and remembers what it was asked. Whoever plays a provider has the first
 * segment of a path to itself, so tests do not hear each other. Runs in Node; tests inside workerd write its scripts through `/scripts`.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json, text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { Heard, Script, ScriptedAnswer } from "./scripted-server-contract.ts";

export interface ScriptedServer {
  origin: string;
  close(): Promise<void>;
}

interface Player {
  script: Script;
  heard: Heard[];
}

/** In the place of a body, in vectors. */
const GENERATED = "__GENERATED_2MIB__";
const MIB = 1024 * 1024;
/** Whose path it is. Metadata of RFC 8414 is between the host and the path of an issuer. */
const OWNER = /^(?:\/\.well-known\/[^/]+)?\/([^/]+)/;

/**
 * Starts one on a free port. At `/scripts/<segment>`, `PUT` sets a script and forgets what was heard, `PATCH` adds to the script, and
 * `GET` lists what was heard.
 */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const players = new Map<string, Player>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  function playerOf(segment: string): Player {
    const player = players.get(segment) ?? { script: {}, heard: [] };
    players.set(segment, player);
    return player;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "/" } = request;
    const { pathname } = new URL(path, origin);
    const [, owner = ""] = OWNER.exec(pathname) ?? [];
    if (owner === "scripts") return await control(playerOf(pathname.slice("/scripts/".length)), request, response);
    const body = await text(request);
    const { script, heard } = playerOf(owner);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    heard.push({ method, path, url: path.replace(`/${owner}/`, "https://"), headers, body });
    const written = script[`${method} ${pathname}`] ?? script[pathname] ?? script["*"] ?? { status: 404 };
    const isBasic = request.headers.authorization?.startsWith("Basic ") ?? false;
    await play((isBasic ? written.with_basic : undefined) ?? written, response);
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

async function control(player: Player, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === "PUT") Object.assign(player, { script: await json(request), heard: [] });
  if (request.method === "PATCH") Object.assign(player.script, await json(request));
  response.end(JSON.stringify(player.heard));
}

async function play(written: ScriptedAnswer, response: ServerResponse): Promise<void> {
  const { status = 200, headers, delay_ms = 0, drop = false } = written;
  const { body = "", pad = 0 } = written.body === GENERATED ? { body: "{}", pad: 2 * MIB } : written;
  if (delay_ms > 0) await pause(delay_ms, undefined, { ref: false });
  if (drop) return void response.destroy();
  const isObject = typeof body === "object";
  const type = isObject || headers === undefined ? { "content-type": "application/json" } : {};
  response.writeHead(status, { ...type, ...headers }).end(" ".repeat(pad) + (isObject ? JSON.stringify(body) : body));
}
