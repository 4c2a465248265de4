/** Many callers at the same moment: connections that are open before, one request on each, and how long each waited. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What one of them got. */
export interface Served {
  status: number;
  ms: number;
}

export class Crowd {
  readonly #sockets: Socket[];
  readonly #host: string;

  private constructor(sockets: Socket[], host: string) {
    this.#sockets = sockets;
    this.#host = host;
  }

  /** Opens the connections. */
  static async gather(origin: string, count: number): Promise<Crowd> {
    const { hostname, port, host } = new URL(origin);
    const sockets = Array.from({ length: count }, () => connect(Number(port), hostname).setNoDelay(true));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    return new Crowd(sockets, host);
  }

  /** Lets all of them ask at once. The answer has come when its body has. */
  async ask(path: string, headers: Record<string, string>): Promise<Served[]> {
    const lines = Object.entries({ host: this.#host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    const startedAt = performance.now();
    return await Promise.all(
      this.#sockets.map(async (socket) => {
        const status = await answerOf(socket, request);
        return { status, ms: performance.now() - startedAt };
      }),
    );
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Sends a request and gives the status of its answer; 0 where none comes. */
async function answerOf(socket: Socket, request: Buffer): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let received = "";
  const hear = (chunk: Buffer) => {
    received += chunk.toString("latin1");
    if (isWhole(received)) resolve(Number(received.slice(9, 12)));
  };
  const end = () => resolve(0);
  socket.on("data", hear).on("close", end).on("error", end);
  socket.write(request);
  const status = await promise;
  socket.off("data", hear).off("close", end).off("error", end);
  return status;
}

/** Decides whether an answer is there to its end: by its length, or by its last chunk. */
function isWhole(received: string): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /^content-length: (\d+)/im.exec(received.slice(0, end))?.[1];
  return length === undefined ? received.endsWith("0\r\n\r\n") : received.length - end - 4 >= Number(length);
}
