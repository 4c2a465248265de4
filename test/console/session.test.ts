/** Sessions of the console: what a cookie holds, when it ends, and which forms are believed. */

import { env, exports } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import { settingsOf } from "../../src/bindings.ts";
import { openSession, type Session } from "../../src/auth/session.ts";
import { call, newWorkspace, ORIGIN } from "../support/api.ts";
import { keyWith, Person } from "../support/console.ts";

const SIGN_IN = "/console/sign-in";
const MINUTE = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass without waiting for it. */
function goOn(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + milliseconds });
}

test("a key becomes a cookie that is sealed, for this browser, this site and no script (SECURITY 24)", async () => {
  const person = new Person();
  const { status, headers, location } = await person.post(SIGN_IN, { key: env.ROOT_API_KEY ?? "" });
  expect([status, location]).toEqual([303, "/console"]);
  const cookie = headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/^edge-secrets=.+; Max-Age=28800; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(cookie).not.toContain(env.ROOT_API_KEY);
  const { cipher } = settingsOf(env);
  const session = await openSession(cipher, person.cookie.replace("edge-secrets=", ""), Date.now());
  expect(session).toMatchObject({ authorization: `Bearer ${env.ROOT_API_KEY}` });
});

test("over https the cookie has the prefix that no other host can set", async () => {
  const { default: worker } = await import("../../src/worker.ts");
  const { createExecutionContext } = await import("cloudflare:test");
  const origin = "https://secrets.example.com";
  const request = new Request(origin + SIGN_IN, {
    method: "POST",
    headers: { origin },
    body: new URLSearchParams({ key: env.ROOT_API_KEY ?? "" }),
    redirect: "manual",
  });
  const settings = { ...env, PUBLIC_URL: origin, ALLOW_LOOPBACK: "false" };
  const answer = await worker.fetch(request, settings, createExecutionContext());
  expect(answer.headers.get("set-cookie")).toMatch(
    /^__Host-edge-secrets=.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
});

test("a wrong key is refused, and what was typed is on no page", async () => {
  const { status, text, headers } = await new Person().post(SIGN_IN, { key: "esk_wrong-marker" });
  expect([status, headers.get("set-cookie")]).toEqual([401, null]);
  expect(text).toContain("This key is not valid.");
  expect(text).not.toContain("wrong-marker");
});

test("without a session every page leads to the sign-in, and from there back", async () => {
  const path = `/console/workspaces/${newWorkspace()}/secrets?state=error`;
  const { status, location } = await new Person().get(path);
  expect([status, location]).toEqual([303, `${SIGN_IN}?next=${encodeURIComponent(path)}`]);
  const person = new Person();
  const signedIn = await person.submit(await person.get(location), SIGN_IN, { key: env.ROOT_API_KEY ?? "" });
  expect(signedIn.location).toBe(path);
});

test.each([
  "https://evil.example/console",
  "//evil.example",
  "/console.evil",
  "/v2/tenants",
  "/console/sign-in",
  "/console/../connect/link",
  "/console/%2e%2e/connect/link",
  "/console/./sign-in",
])("the sign-in leads to pages of the console alone, not to %s", async (next) => {
  const { location } = await new Person().post(SIGN_IN, { key: env.ROOT_API_KEY ?? "", next });
  expect(location).toBe("/console");
});

test("30 minutes without use end a session, and each use begins them anew, until 8 hours are over (SECURITY 24)", async () => {
  const person = await Person.signedIn();
  goOn(29 * MINUTE);
  expect((await person.get("/console")).status).toBe(200);
  for (let minutes = 29; minutes + 29 < 480; minutes += 29) {
    goOn(29 * MINUTE);
    expect((await person.get("/console")).status).toBe(200);
  }
  goOn(29 * MINUTE);
  expect(await person.get("/console")).toMatchObject({ status: 303, location: `${SIGN_IN}?why=ended` });

  vi.useRealTimers();
  const idle = await Person.signedIn();
  goOn(30 * MINUTE);
  expect((await idle.get("/console")).status).toBe(303);
});

test("the cookie is written anew at most once a minute, and never for a look that nobody asked for", async () => {
  const person = await Person.signedIn();
  const renewed = async (headers = {}) => (await person.get("/console", headers)).headers.has("set-cookie");
  goOn(59_000);
  expect(await renewed()).toBe(false);
  goOn(2000);
  expect(await renewed({ "x-unasked": "1" })).toBe(false);
  expect(await renewed()).toBe(true);
});

test("a cookie that was changed, or sealed for something else, is none (SECURITY 24)", async () => {
  const person = await Person.signedIn();
  const whole = person.cookie;
  const at = whole.length - 40;
  person.cookie = whole.slice(0, at) + (whole[at] === "A" ? "B" : "A") + whole.slice(at + 1);
  expect((await person.get("/console")).status).toBe(303);
  const { cipher } = settingsOf(env);
  const session: Session = {
    authorization: `Bearer ${env.ROOT_API_KEY}`,
    startedAt: Date.now(),
    usedAt: Date.now(),
    csrf: "x",
  };
  person.cookie = `edge-secrets=${await cipher.seal(["global", "auth-client", "x", "credentials", 1], session)}`;
  expect((await person.get("/console")).status).toBe(303);
  person.cookie = `edge-secrets=${await cipher.seal(["console", "session"], session)}`;
  expect((await person.get("/console")).status).toBe(200);
});

test("a key that is revoked ends its sessions", async () => {
  const workspace = newWorkspace();
  const { id, key } = await keyWith(["workspaces.auth_secret.get"], workspace);
  const person = await Person.signedIn(key);
  expect((await person.get(`/console/workspaces/${workspace}`)).status).toBe(200);
  expect((await call("DELETE", `/v2/api-keys/${id}`)).status).toBe(204);
  expect((await person.get(`/console/workspaces/${workspace}`)).location).toContain(SIGN_IN);
});

test("signing out takes the cookie away", async () => {
  const person = await Person.signedIn();
  const { headers, location } = await person.submit(await person.get("/console"), "/console/sign-out");
  expect(location).toBe(`${SIGN_IN}?why=out`);
  expect(headers.get("set-cookie")).toMatch(/^edge-secrets=; Max-Age=0/);
});

test("signing out ends every copy of the cookie, also one that was written anew meanwhile (SECURITY 24)", async () => {
  const person = await Person.signedIn();
  const copies = [person.cookie];
  goOn(2 * MINUTE);
  await person.get("/console");
  copies.push(person.cookie);
  expect(copies[1]).not.toBe(copies[0]);
  const other = await Person.signedIn();
  await person.submit(await person.get("/console"), "/console/sign-out");
  for (const copy of copies) {
    const thief = new Person();
    thief.cookie = copy;
    const { status, location } = await thief.get("/console");
    expect([status, location]).toEqual([303, `${SIGN_IN}?why=ended`]);
  }
  expect((await other.get("/console")).status).toBe(200);
  const kept = async () => (await env.DB.prepare("SELECT session FROM ended_sessions").all()).results.length;
  const before = await kept();
  expect(before).toBeGreaterThan(0);
  // What would be over anyway is forgotten with the next one.
  goOn(9 * 60 * MINUTE);
  const later = await Person.signedIn();
  await later.submit(await later.get("/console"), "/console/sign-out");
  expect(await kept()).toBe(1);
});

test("the sign-in names the file of the root key in development alone", async () => {
  const { default: worker } = await import("../../src/worker.ts");
  const { createExecutionContext } = await import("cloudflare:test");
  const shown = async (settings: object) => {
    const request = new Request(`https://secrets.example.com${SIGN_IN}`);
    return await (await worker.fetch(request, { ...env, ...settings }, createExecutionContext())).text();
  };
  const deployed = await shown({ PUBLIC_URL: "https://secrets.example.com", ALLOW_LOOPBACK: "false" });
  expect([deployed.includes("until you sign out"), deployed.includes(".dev.vars")]).toEqual([true, false]);
  expect((await new Person().get(SIGN_IN)).text).toContain(".dev.vars");
});

const WRITES = [
  "/console/sign-out",
  "/console/tenancy/tenants",
  "/console/clients/new",
  "/console/keys/new",
  "/console/workspaces/ws/secrets/new",
];

test.each([SIGN_IN, ...WRITES])("a form that another site sends to %s is refused (SECURITY 24)", async (path) => {
  const person = await Person.signedIn();
  const csrf = await person.csrf();
  expect(csrf).not.toBe("");
  const fields = { csrf, key: env.ROOT_API_KEY ?? "" };
  for (const headers of [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
  ]) {
    expect((await person.post(path, fields, headers)).status).toBe(403);
  }
  const request = new Request(ORIGIN + path, {
    method: "POST",
    headers: { cookie: person.cookie },
    body: new URLSearchParams(fields),
  });
  expect((await exports.default.fetch(request)).status).toBe(403);
});

test.each(WRITES)("a form without the token of the session is refused at %s (SECURITY 24)", async (path) => {
  const person = await Person.signedIn();
  const another = await Person.signedIn();
  const foreign = await another.csrf();
  expect(foreign).not.toBe("");
  for (const fields of [new URLSearchParams(), { csrf: "" }, { csrf: foreign }]) {
    const answer = await person.post(path, fields);
    expect([answer.status, answer.text.includes("not from a page of your session")]).toEqual([403, true]);
  }
});

test("a document that is no form changes nothing", async () => {
  const person = await Person.signedIn();
  const page = await person.get("/console/tenancy");
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? "";
  const made = { csrf, "/data/type": "tenant", "/data/attributes/name": "x" };
  const answer = await person.post("/console/tenancy/tenants", made, { "content-type": "application/json" });
  expect(answer.status).toBe(415);
});

test("a link from another site comes back with the cookie, once", async () => {
  const path = "/console/workspaces/ws/authorized?secret_id=%22%3E%3Cscript%3E";
  const bounced = await new Person().get(path, { "sec-fetch-site": "cross-site" });
  expect(bounced.status).toBe(200);
  expect(bounced.text).toContain('<meta http-equiv="refresh" content="0; url=/console/workspaces/ws/authorized');
  expect(bounced.text).not.toContain("><script>");
  expect((await new Person().get(path, { "sec-fetch-site": "same-origin" })).status).toBe(303);
});
