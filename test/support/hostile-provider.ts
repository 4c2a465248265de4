/**
 * A token endpoint on loopback that does to whoever asks what no provider should, one path for each way. It writes to the socket
 * itself, counts what it could push, and notices when the other side hangs up. Runs in Node.
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { constants, createBrotliCompress, gzipSync } from "node:zlib";

/** One token request, and what became of its connection. */
export interface Visit {
  /** What the path asked for; for a redirect that was followed, `trap`. */
  behaviour: string;
  refreshToken: string | null;
  /** Milliseconds since the epoch. */
  at: number;
  /** Bytes that the other side and the buffers on the way to it took. */
  pushed: number;
  /** When the connection was over; null while it is not. */
  closedAt: number | null;
}

export interface HostileProvider {
  /** Every token request so far, in the order of arrival. */
  visits: readonly Visit[];
  uriOf(behaviour: string): string;
  /** From now on it does what its paths say; before, it means well on all of them. */
  turnHostile(): void;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const SECOND = 1000;
/** A valid beginning, so that nothing but the length is wrong. */
const OPENING = '{"access_token":"';

type Play = (socket: Socket, world: { origin: string; bombs: Bombs }) => unknown;

const answers: Play = (socket) => socket.end(tokens());

/** Answers as it should, with what a provider may send in front of an answer (RFC 9110 15.2). */
const WELL_BEHAVED = {
  "says nothing before": answers,
  "says Continue before": (socket) => socket.end(`HTTP/1.1 100 Continue\r\n\r\n${tokens()}`),
  "says Early Hints before": (socket) => socket.end(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${tokens()}`),
} satisfies Record<string, Play>;

const HOSTILE = {
  hangs: () => {},
  "drips a body": (socket) => {
    socket.write(head(200, "application/json") + OPENING);
    drip(socket);
  },
  "drips a header": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nX-Long: ");
    drip(socket);
  },
  "sends a gigabyte": (socket) => {
    socket.write(head(200, "application/json", `Content-Length: ${GIB}`) + OPENING);
    pour(socket, Buffer.alloc(MIB / 16, "0"));
  },
  "sends it in chunks": (socket) => {
    const text = "0".repeat(MIB / 16);
    socket.write(head(200, "application/json", "Transfer-Encoding: chunked"));
    pour(socket, Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`));
  },
  "sends it as gzip": (socket, { bombs }) => socket.end(bombs.gzip),
  "sends it as brotli": (socket, { bombs }) => socket.end(bombs.br),
  "sends 1 MB of headers": (socket) => {
    const lines = Array.from({ length: 128 }, (_, index) => `X-${index}: ${"0".repeat(MIB / 128)}`);
    socket.end(`${head(200, "application/json", ...lines)}{}`);
  },
  "sends endless headers": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    pour(socket, Buffer.from(`X-More: ${"0".repeat(1024)}\r\n`));
  },
  redirects: (socket, { origin }) => socket.end(head(307, "text/plain", `Location: ${origin}/trap`)),
  resets: (socket) => socket.resetAndDestroy(),
  "sends HTML": (socket) => socket.end(`${head(200, "text/html")}<!doctype html><title>Sign in</title>`),
} satisfies Record<string, Play>;

export type Hostility = keyof typeof HOSTILE;

/** Every way of it. */
export const HOSTILITIES = Object.keys(HOSTILE) as Hostility[];
/** Those that only a time-out ends. */
export const SLOW: Hostility[] = ["hangs", "drips a body", "drips a header"];
/** The ways of those who mean well. */
export const WELL_MEANT = Object.keys(WELL_BEHAVED);

/** Starts one on a free port. */
export async function startHostileProvider(): Promise<HostileProvider> {
  const visits: Visit[] = [];
  const sockets = new Set<Socket>();
  const bombs = await makeBombs();
  let plays: Record<string, Play> = Object.fromEntries(HOSTILITIES.map((each) => [each, answers]));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    readRequest(socket, (path, body) => {
      const behaviour = decodeURIComponent(path);
      const refreshToken = new URLSearchParams(body).get("refresh_token");
      const visit: Visit = { behaviour, refreshToken, at: Date.now(), pushed: 0, closedAt: null };
      visits.push(visit);
      socket.on("close", () => Object.assign(visit, { pushed: socket.bytesWritten, closedAt: Date.now() }));
      const play = plays[behaviour] ?? (WELL_BEHAVED as Record<string, Play>)[behaviour];
      if (play === undefined) socket.end(head(404, "text/plain"));
      else play(socket, { origin, bombs });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    visits,
    uriOf: (behaviour) => `${origin}/${encodeURIComponent(behaviour)}`,
    turnHostile: () => {
      plays = HOSTILE;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Hears of a connection's one request when it is there to its end. What comes after is read too, so that the end is noticed. */
function readRequest(socket: Socket, hear: (path: string, body: string) => void): void {
  let received = "";
  let isHeard = false;
  socket.on("data", (chunk) => {
    if (isHeard) return;
    received += chunk.toString("latin1");
    const [top = "", body] = received.split("\r\n\r\n");
    const length = Number(/^content-length: (\d+)/im.exec(top)?.[1] ?? 0);
    if (body === undefined || body.length < length) return;
    isHeard = true;
    hear(/^\S+ \/(\S*) /.exec(top)?.[1] ?? "", body);
  });
}

function head(status: number, type: string, ...lines: string[]): string {
  return [`HTTP/1.1 ${status} As Told`, `Content-Type: ${type}`, "Connection: close", ...lines, "", ""].join("\r\n");
}

function tokens(): string {
  const members = { access_token: crypto.randomUUID(), refresh_token: crypto.randomUUID(), expires_in: 3600 };
  return head(200, "application/json") + JSON.stringify(members);
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write("0"), SECOND);
  socket.on("close", () => clearInterval(timer));
}

/** Writes the same again and again, as fast as it is taken, until a gigabyte is through. */
function pour(socket: Socket, chunk: Buffer): void {
  let poured = 0;
  const push = () => {
    while (!socket.destroyed && poured < GIB) {
      poured += chunk.length;
      if (!socket.write(chunk)) return;
    }
    socket.end();
  };
  socket.on("drain", push);
  push();
}

type Bombs = Record<"gzip" | "br", Buffer>;

/** A gigabyte of noughts, which is next to nothing once it is compressed. */
async function makeBombs(): Promise<Bombs> {
  const part = Buffer.alloc(64 * MIB, "0");
  const parts = GIB / part.length;
  const brotli = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  // Members one after another are one gzip file (RFC 1952 2.2).
  const packed = {
    gzip: Buffer.concat(Array(parts).fill(gzipSync(part, { level: 1 }))),
    br: await buffer(Readable.from(Array.from({ length: parts }, () => part)).pipe(brotli)),
  };
  const answer = (encoding: "gzip" | "br") => {
    const lines = [`Content-Encoding: ${encoding}`, `Content-Length: ${packed[encoding].length}`];
    return Buffer.concat([Buffer.from(head(200, "application/json", ...lines)), packed[encoding]]);
  };
  return { gzip: answer("gzip"), br: answer("br") };
}
