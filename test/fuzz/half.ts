/**
 * Twenty thousand requests that nobody would send, each answered as the document says: never a 500, never late, never with what must not
 * leave. `npm run test:fuzz`; `FUZZ_SEED=random` for others than the usual, `FUZZ_SEED=N` for those again.
 */

import { env, exports } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, expect, inject, test, vi } from "vitest";
import { call, contract, ORIGIN } from "../support/api.ts";
import { takeLeaks, watch } from "../support/sentinel.ts";
import { type Case, casesOf, type Operation, operationsOf } from "./cases.ts";
import { damaged, textOf } from "./damage.ts";
import { DOCUMENTS } from "./documents.ts";
import { Estate } from "./estate.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      /** Which requests are made up, and how many. */
      FUZZ: { seed: number; cases: number };
    }
  }
}

const { seed, cases: wanted } = env.FUZZ;
/** So many are under way at the same time. */
const AT_ONCE = 24;
/** Each is a file of its own, so that there is work for two processors. */
const HALVES = 2;
/** On a machine that has other things to do. */
const LONGEST_MS = 20_000;
/** Their way to a success leads through a browser; test/http/consent.test.ts goes it. */
const BY_BROWSER = /^(GET|HEAD|POST) \/(connect|callback)/;

const decoder = new TextDecoder();
const closed = new Set<string>();
const answered = new Map<string, Set<number>>();
const faults: string[] = [];
let operations: Operation[];
let estate: Estate;

beforeAll(async () => {
  // Made up URIs lead nowhere, whatever network this machine is in.
  const { fetch } = globalThis;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (...what) => {
    const { origin } = new URL(new Request(...what).url);
    if (origin === new URL(inject("provider").tokenUri).origin) return await fetch(...what);
    throw new TypeError("there is no network");
  });
  vi.spyOn(console, "log").mockReturnValue(undefined);
  vi.spyOn(console, "error").mockReturnValue(undefined);
  const { body } = await call("GET", "/openapi.json");
  operations = operationsOf(body);
  for (const code of body.components.schemas.Error.properties.code.enum) closed.add(code);
  estate = await Estate.create();
});

/** Puts together what is sent; null where no client could send it. */
function requestOf({
  operation,
  method,
  inPath,
  query,
  caller,
  contentType,
  headers,
  body,
  damage,
  twist,
}: Case): Request | null {
  const isDeleted = method === "DELETE";
  try {
    const url = new URL(ORIGIN + estate.pathFor(operation.path, inPath, isDeleted));
    for (const [name, value] of query)
      url.searchParams.append(name, typeof value === "string" ? value : JSON.stringify(value));
    const authorization = estate.callers[caller % estate.callers.length];
    const all = new Headers(headers);
    if (authorization !== undefined) all.set("authorization", authorization);
    const known = DOCUMENTS[operation.name] ?? [{}];
    const document =
      body.kind === "known" ? known[body.which % known.length] : body.kind === "value" ? body.value : undefined;
    const changed = damage.reduce(damaged, estate.linked(document ?? null, twist));
    const text = body.kind === "text" ? body.text : textOf(changed, twist);
    const hasBody = body.kind !== "none" && method !== "GET" && method !== "HEAD";
    if (hasBody && contentType !== null) all.set("content-type", contentType);
    return new Request(url, { method, headers: all, redirect: "manual", ...(hasBody && { body: text }) });
  } catch {
    return null;
  }
}

/** Sends one, and says what is wrong with the answer. */
async function send(each: Case): Promise<() => void> {
  const request = requestOf(each);
  if (request === null) return () => undefined;
  const { method, url } = request;
  const sent = method === "GET" || method === "HEAD" ? "" : decoder.decode(await request.clone().arrayBuffer());
  const startedAt = performance.now();
  let answer: Response;
  try {
    answer = await exports.default.fetch(request);
  } catch (error) {
    faults.push(`no answer: ${String(error)} ${method} ${url.slice(0, 300)} ${sent.slice(0, 1500)}`);
    return () => undefined;
  }
  const text = decoder.decode(await answer.arrayBuffer());
  const took = performance.now() - startedAt;
  const { status, headers } = answer;
  const about = `${method} ${url.slice(0, 300)} ${sent.slice(0, 1500)}\n    ${status} ${text.slice(0, 400)}`;
  const fault = (what: string) => void faults.push(`${what}: ${about}`);
  const isKnown = each.method === each.operation.method;
  if (status >= 500 && status !== 503) fault("a failure of ours");
  if (took > LONGEST_MS) fault(`took ${took} ms`);
  watch("it", text + JSON.stringify([...headers]));
  for (const leak of takeLeaks()) fault(leak);
  try {
    (await contract()).check({ method, url: describedUrl(url, each), sent, status, headers, text });
  } catch (error) {
    // What no operation is described for is refused, by whoever is asked first.
    const isNoOperation = String(error).includes("has no such operation");
    if (!isNoOperation || status < 400 || (method !== "HEAD" && !isError(text)))
      fault(String(error).split("\n").slice(0, 4).join(" "));
  }
  return () => {
    if (isKnown) answered.set(each.operation.name, (answered.get(each.operation.name) ?? new Set()).add(status));
    const isJson = headers.get("content-type")?.includes("json") === true;
    estate.note(
      method,
      new URL(url).pathname,
      status,
      isJson && text !== "" ? (JSON.parse(text) as { data?: unknown }) : null,
    );
  };
}

/**
 * Sends reads one after the other: the pool takes `handle_cross_request_promise_resolution` from what it tests, without which reads that share a look-up may
 * go on in each other's place. What is deployed has it; that readers share is for test/http/shared-work.test.ts and the bench.
 */
async function inTurn(reads: Case[]): Promise<(() => void)[]> {
  const notes: (() => void)[] = [];
  for (const each of reads) notes.push(await send(each));
  return notes;
}

function isRead({ method }: Case): boolean {
  return method === "GET" || method === "HEAD";
}

/** What takes long to write and to read is asked for less often: there is little in it to be found. */
function weightOf({ name, method, body }: Operation): number {
  if (/^GET \/(docs|openapi\.json|v2\/providers)$/.test(name)) return 1;
  if (method === "GET" && !name.endsWith("}")) return 4;
  return body === undefined ? 10 : 20;
}

/** Without the parameters that no operation knows: they do nothing. */
function describedUrl(text: string, { operation, method }: Case): string {
  const query = operations.find((each) => each.path === operation.path && each.method === method)?.query ?? [];
  const url = new URL(text);
  for (const name of new Set(url.searchParams.keys())) {
    if (!query.some((each) => each.name === name)) url.searchParams.delete(name);
  }
  return url.href;
}

function isError(text: string): boolean {
  const { errors = [] } = JSON.parse(text) as { errors?: { code: string }[] };
  return errors.length > 0 && errors.every(({ code }) => closed.has(code));
}

/** Makes up half of the requests, and holds the answers against what is promised. */
export function itAnswersAsDocumented(half: number): void {
  test(
    `${wanted / HALVES} requests of seed ${seed + half} are answered as documented (SECURITY 28)`,
    { timeout: 600_000 },
    async () => {
      const { body } = await call("GET", "/openapi.json");
      const weighed = operations.map((operation) => ({
        weight: weightOf(operation),
        arbitrary: casesOf(operation, body.components.schemas),
      }));
      const all = fc.sample(fc.oneof(...weighed), { seed: seed + half, numRuns: wanted / HALVES });
      let sent = 0;
      for (let at = 0; at < all.length && faults.length < 10; at += AT_ONCE) {
        const batch = all.slice(at, at + AT_ONCE);
        const [reads, changes] = [batch.filter(isRead), batch.filter((each) => !isRead(each))];
        const notes = (await Promise.all([inTurn(reads), ...changes.map(send)])).flat();
        for (const note of notes) note();
        sent += batch.length;
      }
      expect(faults).toEqual([]);
      expect(sent).toBeGreaterThanOrEqual(20_000 / HALVES);
    },
  );

  test("every operation was met, and every one that needs no browser had a success", () => {
    const names = operations.map(({ name }) => name);
    expect(names.filter((name) => !answered.has(name))).toEqual([]);
    const successful = (name: string) => [...(answered.get(name) ?? [])].some((status) => status < 400);
    expect(names.filter((name) => !successful(name) && !BY_BROWSER.test(name))).toEqual([]);
  });
}
