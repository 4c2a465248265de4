/** The Worker with bindings that count what it asks of others, as one isolate that remembers its callers from one request to the next. */

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { outboxOf } from "../../src/events/outbox.ts";
import worker from "../../src/worker.ts";
import { ORIGIN } from "./api.ts";

export interface Read {
  status: number;
  headers: Headers;
  /** Where a token came from. */
  from: string | null;
  // Tests look into documents of many shapes.
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

type Actor = Record<string, (input: unknown) => Promise<unknown>>;

export class WatchedWorker {
  /** D1 queries and calls of actors, in their order: `SELECT …`, `read`. */
  asked: string[] = [];
  /** Stands before the answer of every actor. */
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  /** Stands before a row is read. */
  beforeRow: (sql: string) => Promise<void> = () => Promise.resolve();
  readonly #env: typeof env;

  constructor(settings: object = {}) {
    const DB = new Proxy(env.DB, { get: (db, member) => this.#member(db, member) });
    const SECRETS = new Proxy(env.SECRETS, {
      get: (secrets, member) =>
        member === "get" ? (id: DurableObjectId) => this.#watched(secrets, id) : bound(secrets, member),
    });
    this.#env = { ...env, ...settings, DB, SECRETS };
    // What goes on behind an answer is waited for.
    outboxOf(this.#env, 0);
  }

  /** Sends a request, with the root key unless `headers` says otherwise, and waits for what goes on behind the answer. */
  async send(method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Read> {
    const request = new Request(ORIGIN + path, {
      method,
      headers: { authorization: `Bearer ${env.ROOT_API_KEY}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const context = createExecutionContext();
    const answer = await worker.fetch(request, this.#env, context);
    const text = await answer.text();
    await waitOnExecutionContext(context);
    const from = answer.headers.get("server-timing");
    return { status: answer.status, headers: answer.headers, from, body: text === "" ? null : JSON.parse(text) };
  }

  async read(secretPath: string, headers: Record<string, string> = {}, query = ""): Promise<Read> {
    return await this.send("GET", `${secretPath}/token${query}`, headers);
  }

  /** Forgets what was asked so far; gives what is asked while the work is done. */
  async askedBy<T>(work: () => Promise<T>): Promise<[T, string[]]> {
    this.asked = [];
    return [await work(), this.asked];
  }

  #member(db: D1Database, member: string | symbol): unknown {
    if (member !== "prepare") return bound(db, member);
    return (sql: string) => {
      this.asked.push(sql);
      return this.#held(db.prepare(sql), sql);
    };
  }

  #held(statement: D1PreparedStatement, sql: string): D1PreparedStatement {
    return new Proxy(statement, {
      get: (inner, member) => {
        if (member === "bind") return (...values: unknown[]) => this.#held(inner.bind(...values), sql);
        if (member !== "first") return bound(inner, member);
        return async (...column: []) => {
          const row: unknown = await inner.first(...column);
          await this.beforeRow(sql);
          return row;
        };
      },
    });
  }

  #watched(secrets: DurableObjectNamespace, id: DurableObjectId): Actor {
    return new Proxy<Actor>(
      {},
      {
        get: (_, method: string) => async (input: unknown) => {
          this.asked.push(method);
          const answer = await (secrets.get(id) as unknown as Actor)[method]?.(input);
          await this.beforeAnswer();
          return answer;
        },
      },
    );
  }
}

function bound(target: object, member: string | symbol): unknown {
  const value: unknown = Reflect.get(target, member);
  return typeof value === "function" ? value.bind(target) : value;
}
