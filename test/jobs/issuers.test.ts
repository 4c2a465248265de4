/** The daily look at issuers: what they tell anew is in use at once, what they do not tell does no harm, and idle days cost next to nothing. */

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { call, newWorkspace } from "../support/api.ts";
import { stopClock, travelTo } from "../support/clock.ts";
import { emptyIndex, fireCron, watchStatements } from "../support/overdue.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";
import { watchLog } from "../support/log.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Row {
  metadata: string | null;
  fetched_at: number | null;
  failures: number;
  check_at: number;
}

const rowOf = async (issuer: ScriptedProvider) =>
  await env.DB.prepare("SELECT * FROM issuers WHERE issuer = ?").bind(issuer.issuer).first<Row>();

beforeEach(async () => {
  await emptyIndex();
  await env.DB.exec("DELETE FROM issuers");
});
afterEach(() => void vi.restoreAllMocks());

/** A client that names an issuer, which publishes what it should. Gives the client's id. */
async function makeClient(issuer: ScriptedProvider, attributes: object = {}): Promise<string> {
  await issuer.publish();
  const { status, body } = await call("POST", "/v2/auth-clients", issuer.client(attributes));
  expect(status).toBe(201);
  return body.data.id;
}

async function importSecret(client: string): Promise<string> {
  const { body } = await call("POST", `/v2/workspaces/${newWorkspace()}/secrets`, {
    data: {
      type: "auth-secret",
      attributes: { name: "x", credentials: { access_token: "a1", refresh_token: "r1", expires_in: 7 * 24 * 3600 } },
      relationships: { auth_client: { data: { id: client, type: "auth-client" } } },
    },
  });
  return body.data.links.self;
}

describe("the cron trigger", () => {
  test("asks an issuer once a day, and an existing secret is renewed at the token endpoint that is new", async () => {
    const issuer = new ScriptedProvider();
    const secret = await importSecret(await makeClient(issuer));
    const tokens = (name: string) => ({ body: { access_token: name, refresh_token: "r", expires_in: 7 * 24 * 3600 } });
    await issuer.answerTokens(tokens("from the old"));
    await issuer.answerTokens(tokens("from the new"), "/moved");
    await issuer.publish({ token_endpoint: issuer.at("/moved") });

    const startedAt = Date.now();
    travelTo(startedAt + 21 * HOUR);
    await fireCron();
    await call("POST", `${secret}/refresh`);
    expect((await call("GET", `${secret}/token`)).body.access_token).toBe("from the old");

    travelTo(startedAt + 24 * HOUR + MINUTE);
    const lines = watchLog();
    await fireCron();
    expect(lines).toEqual([
      expect.objectContaining({ kind: "discovery", issuer: issuer.issuer, outcome: "heard", reason: null }),
    ]);
    await call("POST", `${secret}/refresh`);
    expect((await call("GET", `${secret}/token`)).body.access_token).toBe("from the new");
    const asked = (await issuer.heard()).filter(({ path }) => path.includes(".well-known"));
    expect(asked).toHaveLength(2);
  });

  test("keeps what is known when an issuer fails, and tries again after pauses that grow, without an alert", async () => {
    const issuer = new ScriptedProvider();
    const client = await makeClient(issuer);
    const known = await rowOf(issuer);
    const { body: shown } = await call("GET", `/v2/auth-clients/${client}`);
    await issuer.publish({ issuer: "https://another.example.com" });
    const lines = watchLog();
    const pauses: number[] = [];
    for (const _ of [1, 2, 3]) {
      stopClock((await rowOf(issuer))?.check_at ?? 0);
      await fireCron();
      pauses.push(((await rowOf(issuer))?.check_at ?? 0) - Date.now());
    }
    expect(lines.map(({ kind, outcome, reason }) => [kind, outcome, reason])).toEqual(
      [1, 2, 3].map(() => ["discovery", "failed", "issuer_differs"]),
    );
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(2 ** index * 8 * MINUTE);
      expect(pause).toBeLessThanOrEqual(2 ** index * 12 * MINUTE);
    }
    expect(await rowOf(issuer)).toMatchObject({
      metadata: known?.metadata,
      fetched_at: known?.fetched_at,
      failures: 3,
    });
    expect((await call("GET", `/v2/auth-clients/${client}`)).body).toEqual(shown);

    await issuer.publish();
    travelTo((await rowOf(issuer))?.check_at ?? 0);
    await fireCron();
    expect(await rowOf(issuer)).toMatchObject({ failures: 0 });
    expect((await rowOf(issuer))?.fetched_at).toBeGreaterThan(known?.fetched_at ?? 0);
  });

  test("keeps what is known of an issuer that does not tell any more where tokens come from", async () => {
    const issuer = new ScriptedProvider();
    const client = await makeClient(issuer);
    const { body: shown } = await call("GET", `/v2/auth-clients/${client}`);
    await issuer.publish({ token_endpoint: "https://10.0.0.1/token" });
    await env.DB.exec("UPDATE issuers SET check_at = 1");
    const lines = watchLog();
    await fireCron();
    expect(lines).toMatchObject([{ kind: "discovery", outcome: "failed", reason: "no_token_endpoint" }]);
    expect(await rowOf(issuer)).toMatchObject({ failures: 1 });
    const uris = { auth_uri: issuer.at("/a"), token_uri: issuer.at("/t"), refresh_token_uri: issuer.at("/t") };
    expect((await call("POST", "/v2/auth-clients", issuer.client({}, uris))).status).toBe(201);
    expect((await call("GET", `/v2/auth-clients/${client}`)).body).toEqual(shown);
  });

  test("asks an issuer that did not answer when its client was made", async () => {
    const issuer = new ScriptedProvider();
    const uris = { auth_uri: issuer.at("/a"), token_uri: issuer.at("/a"), refresh_token_uri: issuer.at("/a") };
    await call("POST", "/v2/auth-clients", issuer.client({}, uris));
    await issuer.publish();
    travelTo(Date.now() + 13 * MINUTE);
    await fireCron();
    expect(await rowOf(issuer)).toMatchObject({ failures: 0, metadata: expect.any(String) });
  });

  test("forgets an issuer that no client names any more, and does not ask it", async () => {
    const issuer = new ScriptedProvider();
    const [first, second] = [await makeClient(issuer), await makeClient(issuer)];
    await call("DELETE", `/v2/auth-clients/${first}`);
    await env.DB.exec("UPDATE issuers SET check_at = 1");
    await fireCron();
    expect(await rowOf(issuer)).not.toBeNull();
    await call("DELETE", `/v2/auth-clients/${second}`);
    const asked = await issuer.heard();
    await env.DB.exec("UPDATE issuers SET check_at = 1");
    await fireCron();
    expect([await rowOf(issuer), await issuer.heard()]).toEqual([null, asked]);
  });

  test("costs one query that an index answers while it is time for none, however many there are", async () => {
    const sql = `INSERT INTO issuers (issuer, failures, check_at)
      SELECT 'https://' || value || '.example.com', 0, ?1 FROM json_each(?2)`;
    const numbers = JSON.stringify(Array.from({ length: 500 }, (_, index) => index));
    await env.DB.prepare(sql)
      .bind(Date.now() + HOUR, numbers)
      .run();
    const statements = watchStatements();
    await fireCron();
    const ofIssuers = statements.filter((statement) => statement.includes("issuers"));
    expect(ofIssuers).toHaveLength(1);
    vi.restoreAllMocks();
    const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${ofIssuers[0]}`).bind(1, 30).all<{ detail: string }>();
    expect(plan.results[0]?.detail).toContain("issuers_to_check (check_at<?)");
    expect(plan.results.some(({ detail }) => /SCAN/.test(detail))).toBe(false);
  });

  test("asks thirty in one run at most, and goes on with the others in the next", async () => {
    const { issuer } = new ScriptedProvider();
    const numbers = JSON.stringify(Array.from({ length: 35 }, (_, index) => index));
    for (const sql of [
      "INSERT INTO issuers (issuer, failures, check_at) SELECT ?1 || value, 0, 1 FROM json_each(?2)",
      `INSERT INTO auth_clients
         (id, level, type, name, components, credentials, refresh_lead_seconds, version, created_at, issuer)
         SELECT ?1 || value, 'global', 'oauth2', 'x', '[]', 'sealed', 60, 1, 0, ?1 || value FROM json_each(?2)`,
    ]) {
      await env.DB.prepare(sql).bind(issuer, numbers).run();
    }
    const failures = async () =>
      await env.DB.prepare("SELECT count(*) AS n FROM issuers WHERE failures = 1").first<number>("n");
    await fireCron();
    expect(await failures()).toBe(30);
    await fireCron();
    expect(await failures()).toBe(35);
  });

  test("tells in the log when it could not look, and does not fail", async () => {
    const lines = watchLog();
    await fireCron({
      DB: { prepare: () => ({ bind: () => ({ all: () => Promise.reject(new Error("D1 is away")) }) }) },
    });
    expect(lines).toContainEqual(expect.objectContaining({ kind: "alert", what: "issuers_not_refreshed" }));
  });
});
