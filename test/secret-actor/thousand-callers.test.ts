/**
 * A thousand callers of one secret at the moment when its token expires, at a real provider that rotates refresh tokens and kills
 * the whole grant when a spent one comes back: one token request, no read that fails, a grant that lives on.
 */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { SecretActor } from "../../src/secret-actor/actor.ts";
import { actorOf, type Answer, call, ConnectedClient, newBrowser, newWorkspace, ORIGIN } from "../support/api.ts";
import { stopClock } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { grantInHand, grantOf } from "../support/grants.ts";
import { signInAndConsent } from "../support/user-agent.ts";

const CALLERS = 1000;
const LIFETIME_SECONDS = 600;

const read = (path: string) => call("GET", `${path}/token`);
const show = (path: string) => call("GET", path);
const renew = (path: string) => call("POST", `${path}/refresh`);
const renewAfter = (version: number) => (path: string) => call("POST", `${path}/refresh?rejected_version=${version}`);

function crowd<T>(size: number, act: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: size }, (_, index) => act(index)));
}

async function connected(): Promise<{ client: ConnectedClient; workspace: string; path: string }> {
  const client = await ConnectedClient.create({ access_token_seconds: LIFETIME_SECONDS, rotate: true });
  const workspace = newWorkspace();
  return { client, workspace, path: await client.connect(workspace) };
}

/** Moves the clock to where the token at hand has just expired, and stops it: a thousand may take longer than anybody has patience. */
function stopPastExpiry(): void {
  stopClock(Date.now() + (LIFETIME_SECONDS + 1) * 1000);
}

/** Counts the calls that have reached an actor from now on, of those who read, see or renew. */
function watchArrivals(): () => number {
  const spies = (["read", "readToken", "refresh"] as const).map((method) => vi.spyOn(SecretActor.prototype, method));
  return () => spies.map(({ mock }) => mock.calls.length).reduce((sum, count) => sum + count);
}

/** Reads as a caller who hangs up when the signal says so, and tells whether the answer was faster. */
async function hangUp(path: string, requestId: string, signal: AbortSignal): Promise<"gone" | "answered"> {
  const headers = { authorization: `Bearer ${env.ROOT_API_KEY}`, "x-request-id": requestId };
  try {
    await (await exports.default.fetch(new Request(`${ORIGIN}${path}/token`, { headers, signal }))).text();
    return "answered";
  } catch {
    return "gone";
  }
}

/** Everything that was logged since it was called. */
function listen(): () => { kind: string; request_id: string; outcome?: string }[] {
  const spy = vi.spyOn(console, "log");
  return () => spy.mock.calls.map(([line]) => JSON.parse(String(line)));
}

async function change(path: string, attributes: object): Promise<void> {
  const { status } = await call("PATCH", path, { data: { type: "auth-secret", attributes } });
  expect(status).toBe(200);
}

async function consentAgain(client: ConnectedClient, workspace: string, path: string): Promise<void> {
  const secret = { data: { id: path.split("/").at(-1), type: "auth-secret" } };
  const { body } = await client.authorize(workspace, {}, { secret });
  await signInAndConsent(newBrowser(), body.data.attributes.connect_url);
  expect((await show(body.data.links.self)).body.data.attributes.state).toBe("completed");
}

/** Every answer holds a token, each version one and the same. Gives the versions. */
function servedVersions(answers: Answer[]): number[] {
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  const tokens = new Map<number, string>();
  for (const { body } of answers) {
    const { version, access_token } = body.data === undefined ? body : shownToken(body.data.attributes);
    expect(access_token).toBe(tokens.get(version) ?? access_token);
    tokens.set(version, access_token);
  }
  expect([...tokens.values()]).not.toContain(undefined);
  return [...tokens.keys()].toSorted((one, other) => one - other);
}

function shownToken(attributes: { version: number; credentials: { access_token: string } }) {
  return { version: attributes.version, access_token: attributes.credentials.access_token };
}

/** The grant that is stored now can be renewed, and no refresh token was ever sent twice. */
async function expectAlive(client: ConnectedClient, path: string): Promise<void> {
  const { version } = (await read(path)).body;
  const { body } = await renewAfter(version)(path);
  expect(body.data.attributes).toMatchObject({ version: version + 1, state: "ready", health: { status: "ok" } });
  const { token_requests } = await client.calls();
  const refreshes = token_requests.filter(({ grant_type }) => grant_type === "refresh_token");
  expect(refreshes.map(({ status }) => status)).toEqual(refreshes.map(() => 200));
  expect(new Set(refreshes.map((each) => each.refresh_token_sha256)).size).toBe(refreshes.length);
}

test("the provider revokes the whole grant when a spent refresh token comes back", async () => {
  const { client, path } = await connected();
  const spent = (await grantOf(path)).refresh_token ?? "";
  const first = await client.spend(spent);
  expect(first.status).toBe(200);
  const second = await client.spend(first.body["refresh_token"] ?? "");
  expect(second.status).toBe(200);

  const refused = { status: 400, body: { error: "invalid_grant" } };
  expect(await client.spend(spent)).toMatchObject(refused);
  expect(await client.spend(second.body["refresh_token"] ?? "")).toMatchObject(refused);
});

describe("1,000 readers at expiry", () => {
  test("cause one token request although hundreds hang up, the one that caused it among them", async () => {
    const { client, path } = await connected();
    await client.hold({ grant_type: "refresh_token" });
    stopPastExpiry();
    const logged = listen();

    const going = Array.from({ length: CALLERS / 4 }, () => new AbortController());
    const gone = going.slice(0, 1).map(({ signal }) => hangUp(path, "goes-0", signal));
    await client.refreshesAre(1);
    gone.push(...going.slice(1).map(({ signal }, index) => hangUp(path, `goes-${index + 1}`, signal)));
    const staying = crowd(CALLERS - going.length, () => read(path));
    // Some leave before anybody heard of them, some on the way, some while they wait.
    for (const third of [0, 1, 2]) {
      for (const each of going.filter((_, index) => index % 3 === third)) each.abort();
      await client.refreshesAre(1);
    }
    await client.release();

    expect(servedVersions(await staying)).toEqual([2]);
    expect(await client.calls()).toMatchObject({ most_in_flight: 1 });
    expect(await client.refreshes()).toBe(1);
    expect(new Set(await Promise.all(gone))).toEqual(new Set(["gone"]));
    // The service knew that they were gone, and finished no request of theirs but the one that all others had joined.
    const ofThem = logged().filter(({ request_id }) => request_id.startsWith("goes-"));
    expect(ofThem).toContainEqual(expect.objectContaining({ kind: "refresh", outcome: "granted" }));
    expect(new Set(ofThem.map(({ request_id }) => request_id))).toEqual(new Set(["goes-0"]));
    await expectAlive(client, path);
  });

  test.each([0, 1, 2, 4, 8, 16, 32])("are served although the first hangs up after %i ms", async (afterMs) => {
    const { client, path } = await connected();
    await client.fault({ delay_ms: 400, times: 1 });
    stopPastExpiry();
    const first = hangUp(path, "first", AbortSignal.timeout(afterMs));
    const answers = await crowd(25, () => read(path));
    expect(servedVersions(answers)).toEqual([2]);
    expect(await client.refreshes()).toBe(1);
    expect(await first).toBe("gone");
    await expectAlive(client, path);
  });
});

describe("1,000 manual refreshes", () => {
  test("without a version cause one token request", async () => {
    const { client, path } = await connected();
    await client.fault({ delay_ms: 300, times: 1 });
    // Late is who comes within five seconds.
    stopClock();
    expect(servedVersions(await crowd(CALLERS, () => renew(path)))).toEqual([2]);
    // Those who come a moment late cause none.
    expect(servedVersions(await crowd(CALLERS / 20, () => renew(path)))).toEqual([2]);
    expect(await client.calls()).toMatchObject({ most_in_flight: 1 });
    expect(await client.refreshes()).toBe(1);
    await expectAlive(client, path);
  });

  test("of the version that an API rejected cause one token request, and none gets that version again", async () => {
    const { client, path } = await connected();
    await renew(path);
    await client.fault({ delay_ms: 300, times: 1 });
    const late = crowd(CALLERS / 10, () => renewAfter(1)(path));
    const answers = await crowd(CALLERS, () => renewAfter(2)(path));
    expect(servedVersions(answers)).toEqual([3]);
    expect([[2], [2, 3], [3]]).toContainEqual(servedVersions(await late));
    expect(await client.calls()).toMatchObject({ most_in_flight: 1 });
    expect(await client.refreshes()).toBe(2);
    await expectAlive(client, path);
  });
});

describe("callers of every kind, the alarm, a new name, new credentials and a new consent during one refresh", () => {
  const kinds = [read, show, renew, renewAfter(1)];
  /** Of those who read the token one arrives for all. */
  const arrivalsOf = (size: number) => size - size / kinds.length + 1;
  const mix = (path: string, size: number) => crowd(size, (index) => (kinds[index % kinds.length] ?? read)(path));

  test.each([
    ["consent", CALLERS],
    ["credentials", CALLERS / 5],
  ])("leave nobody without a token, and the %s that came last live on", async (last, callers) => {
    const { client, workspace, path } = await connected();
    const { access_token, refresh_token } = await grantInHand(client);
    const credentials = { access_token, refresh_token, expires_in: LIFETIME_SECONDS };
    const changes = [
      () => change(path, { name: "Renamed" }),
      () => change(path, { credentials }),
      () => consentAgain(client, workspace, path),
    ];
    await client.hold({ grant_type: "refresh_token" });
    stopPastExpiry();
    const logged = listen();

    const alarm = runDurableObjectAlarm(actorOf(path));
    const arrived = watchArrivals();
    const before = mix(path, callers / 2);
    // Who comes between the changes gets what there is then, which is no business of this test.
    await eventually(() => expect(arrived()).toBe(arrivalsOf(callers / 2)));
    await client.refreshesAre(1);
    for (const each of last === "consent" ? changes : changes.toReversed()) await each();
    expect((await read(path)).body).toMatchObject({ version: 3, health: "ok" });
    const after = mix(path, callers / 2);
    await client.refreshesAre(1);
    await client.release();

    // Who asks for a new token while the third is there is given the fourth.
    expect([[3], [3, 4]]).toContainEqual(servedVersions(await before));
    expect([[3], [3, 4]]).toContainEqual(servedVersions(await after));
    await alarm;
    const [overtaken, ...others] = logged().filter(({ kind }) => kind === "refresh");
    expect(overtaken).toMatchObject({ outcome: "superseded" });
    expect(others).toMatchObject([{ outcome: "granted" }]);
    expect(await client.refreshes()).toBe(2);
    expect((await show(path)).body.data.attributes.name).toBe("Renamed");
    await expectAlive(client, path);
  });
});
