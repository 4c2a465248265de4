/** The deletion of a contract with 10,000 secrets, on a server that is killed in the middle of it. `npm run test:removal`. */

import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { eventually } from "../support/eventually.ts";
import { ServerProcess, temporaryFolder } from "../support/server-process.ts";

const SECRETS = 10_000;
const WORKSPACES = 20;
const AT_ONCE = 48;
const MOST_ANSWER_MS = 2000;
const MINUTE = 60_000;
/** A page of the job. */
const LOST_WITH_THE_PROCESS = 50;

const contract = "big";
const workspaces = Array.from({ length: WORKSPACES }, (_, index) => `w-${index}`);
const places = ["tenants", "contracts", "workspaces"];

// 10,000 small databases are much work for a disk; what a killed process has written, memory keeps just as well.
const folder = temporaryFolder(existsSync("/dev/shm") ? "/dev/shm" : undefined);
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
let server: ServerProcess;
let client: string;
let key: string;
const secrets: string[] = [];

afterAll(async () => {
  agent.destroy();
  await server.stop();
  folder.remove();
});

interface Answer {
  status: number;
  // oxlint-disable-next-line no-explicit-any
  body: any;
}

/** As ServerProcess does, with far less work for each request. */
async function call(method: string, path: string, body?: unknown, as = server.rootKey): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const headers = { authorization: `Bearer ${as}`, "content-type": "application/json" };
  request(server.url + path, { agent, method, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject).on("end", () => {
      const text = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode ?? 0, body: text === "" ? null : JSON.parse(text) });
    });
  })
    .on("error", reject)
    .end(body === undefined ? undefined : JSON.stringify(body));
  return await promise;
}

async function make(path: string, data: object): Promise<Answer["body"]> {
  const { status, body } = await call("POST", path, { data });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.data;
}

function related(type: string, id: string): object {
  return { [type.replace("-", "_")]: { data: { id, type } } };
}

async function makeClient(relationships: object): Promise<string> {
  const uri = "https://provider.example.com/";
  const uris = { auth_uri: uri, token_uri: uri, refresh_token_uri: uri };
  const credentials = { client_id: "a", client_secret: "b", ...uris };
  const attributes = { type: "oauth2", name: "x", credentials };
  return (await make("/v2/auth-clients", { type: "auth-client", attributes, relationships })).id;
}

async function makeSecret(workspace: string, of: string): Promise<string> {
  const made = await make(`/v2/workspaces/${workspace}/secrets`, {
    type: "auth-secret",
    attributes: { name: "x", credentials: { access_token: "a", refresh_token: "r", expires_in: 3600 } },
    relationships: related("auth-client", of),
  });
  return made.links.self;
}

/** Looks into the files of the server, whether it runs or not. */
function look<T>(file: string, sql: string): T[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(sql).all() as T[];
  } finally {
    db.close();
  }
}

const stateFolder = join(folder.path, ".wrangler", "state", "v3");

function databasesIn(path: string): string[] {
  return readdirSync(path)
    .filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
    .map((name) => join(path, name));
}

/** How many rows there are for each table of D1. */
function rowsInD1(): Record<string, number> {
  const [file = ""] = databasesIn(join(stateFolder, "d1", "miniflare-D1DatabaseObject"));
  const tables = [...places, "auth_clients", "api_keys", "authorizations", "secrets"];
  const [counts] = look<Record<string, number>>(
    file,
    `SELECT ${tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(", ")}`,
  );
  return { ...counts };
}

/** What is left in the objects of a class: records and alarms. What the runtime has to ring is kept apart from what its objects know. */
interface Left {
  objects: number;
  records: number;
  alarms: number;
  toRing: number;
}

function leftIn(objects: string): Left {
  const path = join(stateFolder, "do", `edge-secrets-${objects}`);
  const files = databasesIn(path);
  const rowsOf = (table: string, where = "true") =>
    files.reduce((sum, file) => {
      const [found] = look(file, `SELECT 1 FROM sqlite_master WHERE name = '${table}'`);
      if (found === undefined) return sum;
      return sum + (look<{ n: number }>(file, `SELECT count(*) AS n FROM ${table} WHERE ${where}`)[0]?.n ?? 0);
    }, 0);
  const [toRing] = look<{ n: number }>(join(path, "metadata.sqlite"), "SELECT count(*) AS n FROM _cf_ALARM");
  return {
    objects: files.length,
    records: rowsOf("_cf_KV"),
    alarms: rowsOf("_cf_METADATA", "key = 1 AND value IS NOT NULL"),
    toRing: toRing?.n ?? 0,
  };
}

describe(`a contract with ${SECRETS} secrets`, () => {
  let beside: string;

  beforeAll(async () => {
    server = await ServerProcess.start(folder.path);
    await make("/v2/tenants", { type: "tenant", id: "t", attributes: { name: "x" } });
    for (const id of [contract, "beside"]) {
      const relationships = related("tenant", "t");
      await make("/v2/contracts", { type: "contract", id, attributes: { name: "x" }, relationships });
    }
    for (const id of [...workspaces, "w-beside"]) {
      const relationships = related("contract", id === "w-beside" ? "beside" : contract);
      await make("/v2/workspaces", { type: "workspace", id, attributes: { name: "x" }, relationships });
    }
    client = await makeClient(related("contract", contract));
    const made = await make("/v2/api-keys", {
      type: "api-key",
      attributes: { name: "x", permissions: ["contracts.workspaces.get"] },
      relationships: related("contract", contract),
    });
    key = made.attributes.key;
    beside = await makeSecret("w-beside", await makeClient({}));

    const startedAt = Date.now();
    let next = 0;
    const work = async () => {
      while (next < SECRETS) secrets.push(await makeSecret(workspaces[next++ % WORKSPACES] ?? "", client));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    report(`${SECRETS} secrets made`, startedAt);
  }, 6 * MINUTE);

  test(
    "is unreachable at once, and is all gone in the end although the server is killed in between",
    { timeout: 5 * MINUTE },
    async () => {
      expect(rowsInD1()["secrets"]).toBe(SECRETS + 1);
      expect((await call("GET", `/v2/contracts/${contract}`, undefined, key)).status).toBe(403);
      const startedAt = Date.now();
      const { status } = await call("DELETE", `/v2/contracts/${contract}`);
      expect(Date.now() - startedAt).toBeLessThan(MOST_ANSWER_MS);
      report("DELETE answered", startedAt);
      expect(status).toBe(202);
      await expectUnreachable();
      // A workspace that is gone, and not only on its way out, is one that nobody has registered yet.
      const lists = workspaces.map((id) => call("GET", `/v2/workspaces/${id}/secrets`));
      expect((await Promise.all(lists)).map((answer) => answer.status)).toEqual(workspaces.map(() => 404));
      await expect(makeSecret(workspaces[0] ?? "", client)).rejects.toThrowError(/^404 /);

      await vi.waitFor(() => expect(rowsInD1()["secrets"]).toBeLessThan(SECRETS * 0.9), {
        timeout: 2 * MINUTE,
        interval: 50,
      });
      await server.kill();
      const left = rowsInD1()["secrets"] ?? 0;
      report(`killed, ${left} secrets left`, startedAt);
      expect(left).toBeGreaterThan(0);
      expect(rowsInD1()).toMatchObject({ workspaces: WORKSPACES + 1, api_keys: 0 });

      const againAt = Date.now();
      server = await ServerProcess.start(folder.path);
      report("started again", againAt);
      await expectUnreachable();
      await vi.waitFor(() => expect(server.output).toContain('"kind":"job","job":"remove"'), {
        timeout: 4 * MINUTE,
        interval: 100,
      });
      report(`all removed, ${left} of it since it began to start again`, againAt);
      report("all removed since DELETE, with the start in between", startedAt);

      expect(rowsInD1()).toEqual({
        tenants: 1,
        contracts: 1,
        workspaces: 1,
        auth_clients: 1,
        api_keys: 0,
        authorizations: 0,
        secrets: 1,
      });
      // What is beside it has its record and its alarm, and that is all there is.
      await eventually(() => expect(leftIn("SecretActor")).toMatchObject({ records: 1, alarms: 1 }));
      const { objects, toRing } = leftIn("SecretActor");
      expect(objects).toBeGreaterThan(SECRETS);
      // The runtime strikes an alarm from its list a moment after the object has: killed in between, it will ring where nobody hears it.
      expect(toRing).toBeLessThanOrEqual(1 + LOST_WITH_THE_PROCESS);
      expect(leftIn("JobActor")).toMatchObject({ records: 0, alarms: 0 });
      expect((await call("GET", `${beside}/token`)).status).toBe(200);
    },
  );
});

async function expectUnreachable(): Promise<void> {
  const some = secrets.filter((_, index) => index % (SECRETS / 20) === 0);
  const paths = [
    ...some.flatMap((secret) => [secret, `${secret}/token`]),
    ...workspaces.flatMap((id) => [`/v2/workspaces/${id}`]),
    `/v2/contracts/${contract}`,
    `/v2/auth-clients/${client}`,
    `/v2/auth-clients?contract_id=${contract}`,
    `/v2/workspaces/${workspaces[0]}/authorizations/${randomUUID()}`,
  ];
  const answers = await Promise.all(paths.map(async (path) => `${(await call("GET", path)).status} ${path}`));
  expect(answers).toEqual(paths.map((path) => `404 ${path}`));
  expect((await call("GET", `/v2/contracts/${contract}`, undefined, key)).status).toBe(401);
}

function report(what: string, since: number): void {
  process.stdout.write(`  ${what}: ${((Date.now() - since) / 1000).toFixed(1)} s\n`);
}
