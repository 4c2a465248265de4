/** The pages of the console: every form, what they show when the API refuses, what they never show, and with which headers. */

import { beforeAll, describe, expect, inject, test } from "vitest";
import { documentOf } from "../../src/console/form-document.ts";
import { call, ConnectedClient, newBrowser, newWorkspace, ORIGIN } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { formsOf, keyWith, Person } from "../support/console.ts";
import { newKey, newTenancy } from "../support/keys.ts";

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;
let root: Person;
let workspace: string;
let base: string;

beforeAll(async () => {
  root = await Person.signedIn();
  workspace = newWorkspace();
  base = `/console/workspaces/${workspace}`;
});

async function made(kind: string, fields: Record<string, string>): Promise<string> {
  const page = await root.open(`${base}/clients/new?kind=${kind}`);
  const answer = await root.submit(page, `${base}/clients/new`, { [`${ATTRIBUTES}/name`]: kind, ...fields });
  expect(answer.status).toBe(303);
  return /clients\/([0-9a-f-]+)\?notice=created$/.exec(answer.location)?.[1] ?? "";
}

describe("every page", () => {
  test("comes with a strict policy, is framed by nobody and kept by nobody (SECURITY 24)", async () => {
    for (const path of ["/console/sign-in", "/console", base, `${base}/secrets`, `${base}/nothing`]) {
      const { headers, text } = await root.get(path);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'; style-src 'self'; script-src 'self'");
      expect(policy).toContain("form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
      expect(policy).not.toContain("unsafe");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("strict-transport-security")).toContain("max-age=");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(text).not.toMatch(
        /<style|\sstyle=|<script(?! type="module" src="\/look\/)|\son[a-z]+="|(src|href)="https?:/,
      );
    }
  });

  test("that does not exist, or lies in no workspace, says so", async () => {
    for (const path of [
      "/console/nothing",
      "/console/workspaces/a%20b",
      `${base}/secrets/${crypto.randomUUID()}`,
      `${base}/clients/x`,
    ]) {
      const { status, text } = await root.get(path);
      expect([path, status, text.includes("<h1>There is nothing here</h1>")]).toEqual([path, 404, true]);
    }
  });

  test("shows what was typed as text and never as markup", async () => {
    const { text } = await root.get(`${base}/secrets?name=${encodeURIComponent('"><script>alert(1)</script>')}`);
    expect(text).not.toContain("<script>");
    expect(text).toContain("&quot;&gt;&lt;script&gt;");
  });
});

describe("auth clients", () => {
  test("have their callback URL before they have an id at the provider", async () => {
    const page = await root.open(`${base}/clients/new?kind=hand`);
    const [, id] = /\/callback\/oauth2\/([0-9a-f-]{36})"/.exec(page.text) ?? [];
    const { tokenUri } = inject("provider");
    const answer = await root.submit(page, `${base}/clients/new`, {
      [`${ATTRIBUTES}/name`]: "By hand",
      [`${CREDENTIALS}/client_id`]: "an-id",
      [`${CREDENTIALS}/client_secret`]: "a-secret",
      [`${CREDENTIALS}/auth_uri`]: `${ORIGIN}/auth`,
      [`${CREDENTIALS}/token_uri`]: tokenUri,
      [`${CREDENTIALS}/refresh_token_uri`]: tokenUri,
    });
    expect(answer.location).toBe(`${base}/clients/${id}?notice=created`);
    const shown = await root.get(answer.location);
    expect(shown.text).toContain("It was created.");
    expect(shown.text).toContain(`${ORIGIN}/callback/oauth2/${id}`);
    const { body } = await call("GET", `/v2/auth-clients/${id}?workspace_id=${workspace}`);
    expect(body.data.attributes.redirect_uri).toBe(`${ORIGIN}/callback/oauth2/${id}`);
  });

  test("that are refused keep what was typed, with each fault beside its field, but no secret", async () => {
    const page = await root.open(`${base}/clients/new?kind=hand`);
    const answer = await root.submit(page, `${base}/clients/new`, {
      [`${ATTRIBUTES}/name`]: "Kept name",
      [`${CREDENTIALS}/client_id`]: "kept-id",
      [`${CREDENTIALS}/client_secret`]: "marker-secret",
      [`${CREDENTIALS}/token_uri`]: "ftp://nowhere",
      [`${ATTRIBUTES}/refresh_lead_seconds`]: "soon",
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('value="Kept name"');
    expect(answer.text).toContain('value="kept-id"');
    expect(answer.text).not.toContain("marker-secret");
    const secret = "f-data-attributes-credentials-client-secret";
    expect(answer.text).toMatch(new RegExp(`id="${secret}" [^>]*aria-describedby="[^"]*${secret}-again"`));
    expect(answer.text).toContain(`id="${secret}-again"`);
    const described = (name: string) =>
      new RegExp(`id="${name}" name="[^"]*" aria-invalid="true" aria-describedby="[^"]*${name}-error"`);
    expect(answer.text).toMatch(described("f-data-attributes-credentials-token-uri"));
    expect(answer.text).toMatch(/<p class="error" id="f-data-attributes-credentials-token-uri-error">[^<]*token_uri/);
    expect(answer.text).toMatch(described("f-data-attributes-refresh-lead-seconds"));
  });

  test("with a flavour that is no JSON say so before the API is asked", async () => {
    const page = await root.open(`${base}/clients/new?kind=preset:slack`);
    const answer = await root.submit(page, `${base}/clients/new`, { [`${ATTRIBUTES}/flavour`]: "{ nonsense" });
    expect([answer.status, answer.text.includes("This is no valid JSON.")]).toEqual([400, true]);
  });

  test("are changed, keep a secret that is left empty, and go when their name was typed", async () => {
    const id = await made("preset:slack", { [`${CREDENTIALS}/client_id`]: "x", [`${CREDENTIALS}/client_secret`]: "y" });
    const path = `${base}/clients/${id}`;
    const saved = await root.submit(await root.get(path), path, { [`${ATTRIBUTES}/name`]: "Renamed" });
    expect(saved.location).toBe(`${path}?notice=saved`);
    const faulty = await root.submit(await root.get(path), path, { [`${ATTRIBUTES}/refresh_lead_seconds`]: "0" });
    expect([faulty.status, faulty.text.includes("refresh_lead_seconds")]).toEqual([400, true]);
    const unnamed = await root.submit(await root.get(path), `${path}/delete`, { confirmed: "Renam" });
    expect([unnamed.status, (await root.get(path)).status]).toEqual([400, 200]);
    const deleted = await root.submit(await root.get(path), `${path}/delete`, { confirmed: "Renamed" });
    expect([deleted.location, (await root.get(path)).status]).toEqual([`${base}/clients?notice=deleted`, 404]);
  });

  test("are diagnosed in sentences", async () => {
    const client = await ConnectedClient.create();
    const path = `${base}/clients/${client.id}`;
    const { status, text } = await root.submit(await root.get(path), `${path}/diagnose`);
    expect([status, text.includes("Every URI may be called.")]).toEqual([200, true]);
  });
});

describe("secrets", () => {
  const markers = {
    password: "marker-password",
    headerValue: "marker-header",
    access: "marker-access",
    refresh: "marker-refresh",
    own: "marker-own",
  };
  const TYPES: [string, Record<string, string>, Record<string, string>][] = [
    ["type:basic", {}, { [`${CREDENTIALS}/username`]: "anna", [`${CREDENTIALS}/password`]: markers.password }],
    [
      "type:api_key",
      {},
      { [`${CREDENTIALS}/headerName`]: "X-Key", [`${CREDENTIALS}/headerValue`]: markers.headerValue },
    ],
    ["type:noauth", {}, {}],
    ["type:custom", { [`${ATTRIBUTES}/type`]: "my_type" }, { [CREDENTIALS]: `{ "seed": "${markers.own}" }` }],
  ];

  test.each(TYPES)(
    "of a client of %s are made, shown without credentials and deleted (SECURITY 24)",
    async (kind, ofClient, fields) => {
      const client = await made(kind, ofClient);
      const page = await root.get(`${base}/secrets/new?client=${client}`);
      const answer = await root.submit(page, `${base}/secrets/new`, {
        [`${ATTRIBUTES}/name`]: `Secret ${kind}`,
        ...fields,
      });
      expect([answer.status, answer.location]).toEqual([303, expect.stringContaining("?notice=created")]);
      const path = answer.location.replace(/\?.*/, "");
      for (const each of [path, base, `${base}/secrets`, `${base}/clients/${client}`]) {
        const { status, text } = await root.get(each);
        expect(status).toBe(200);
        for (const marker of Object.values(markers)) expect(text).not.toContain(marker);
      }
      const deleted = await root.submit(await root.get(path), `${path}/delete`, { confirmed: `Secret ${kind}` });
      expect([deleted.location, (await root.get(path)).status]).toEqual([`${base}/secrets?notice=deleted`, 404]);
    },
  );

  test("are connected, renewed, renamed and found, from the first page to the last (SECURITY 24)", async () => {
    const client = await ConnectedClient.create();
    const page = await root.get(`${base}/secrets/new?client=${client.id}`);
    const started = await root.submit(page, `${base}/secrets/new`, {
      [`${ATTRIBUTES}/name`]: "Anna’s account",
      [`${ATTRIBUTES}/scopes`]: "openid offline_access",
      [`${ATTRIBUTES}/additional_params`]: "prompt=consent",
      consent: "link",
    });
    expect(started.status).toBe(201);
    const [, url = ""] = /id="link" readonly="" value="([^"]+)"/.exec(started.text) ?? [];
    const { signInAndConsent } = await import("../support/user-agent.ts");
    await signInAndConsent(newBrowser(), url);
    const list = await root.get(`${base}/secrets?name=ANNA&state=ready&client=${client.id}`);
    const [, id] = /\/secrets\/([0-9a-f-]{36})"/.exec(list.text) ?? [];
    const path = `${base}/secrets/${id}`;
    const refreshed = await root.submit(await root.get(path), `${path}/refresh`);
    expect(refreshed.location).toBe(`${path}?notice=refreshed`);
    const renamed = await root.submit(await root.get(path), path, { [`${ATTRIBUTES}/name`]: "Berta" });
    expect(renamed.location).toBe(`${path}?notice=saved`);

    const shown = await root.get(path);
    expect(shown.text).toContain("<h1>Berta</h1>");
    expect(shown.text).toContain("The token is valid, and is renewed before it ends.");
    for (const word of ["Connected", "Renewed", "version 2", "offline_access"]) expect(shown.text).toContain(word);
    const { access_token: token } = (await call("GET", `/v2/workspaces/${workspace}/secrets/${id}/token`)).body;
    for (const each of [path, base, `${base}/secrets`]) expect((await root.get(each)).text).not.toContain(token);
    expect((await root.get(`${base}/secrets?name=anna`)).text).toContain("Nothing matches");
  });

  test("lead this browser into a flow that comes back to the console", async () => {
    const client = await ConnectedClient.create();
    const page = await root.get(`${base}/secrets/new?client=${client.id}`);
    const fields = {
      [`${ATTRIBUTES}/name`]: "Anna",
      [`${ATTRIBUTES}/scopes`]: "openid offline_access",
      consent: "here",
    };
    const started = await root.submit(page, `${base}/secrets/new`, fields);
    expect([started.status, started.location]).toEqual([303, expect.stringMatching(/^\/connect\/[\w-]{43}$/)]);
    const secret = crypto.randomUUID();
    expect((await root.get(`${base}/authorized?authorization_id=x&secret_id=${secret}`)).location).toBe(
      `${base}/secrets/${secret}?notice=connected`,
    );
    const failed = await root.get(`${base}/authorized?authorization_id=${crypto.randomUUID()}&error=access_denied`);
    expect(failed.text).toContain("The account was not connected");
    expect(failed.text).toContain("Access was not granted at the provider");
    expect(failed.text).toContain(`${base}/secrets/new"`);
    const again = await root.get(`${base}/authorized?renews=${secret}&error=another_account`);
    expect(again.text).toContain(`href="${base}/secrets/${secret}"`);
  });

  test("keep what somebody else made as it was typed, with the spaces at its ends", async () => {
    const { document } = documentOf(
      new URLSearchParams([
        [`${ATTRIBUTES}/name`, " Anna "],
        [`${CREDENTIALS}/password`, " secret "],
        [`${CREDENTIALS}/fields`, "a=1\n\n b = 2 "],
      ]),
      { [`${CREDENTIALS}/fields`]: "pairs" },
    );
    const credentials = { password: " secret ", fields: { a: "1", b: "2" } };
    expect(JSON.parse(JSON.stringify(document))).toEqual({ data: { attributes: { name: "Anna", credentials } } });
  });

  test("that are refused keep the name and not the token", async () => {
    const client = await ConnectedClient.create();
    const page = await root.get(`${base}/secrets/new?client=${client.id}`);
    const form = formsOf(page).find(({ fields }) => fields.has(`${CREDENTIALS}/access_token`));
    form?.fields.set(`${ATTRIBUTES}/name`, "Kept");
    form?.fields.set(`${CREDENTIALS}/access_token`, `${markers.access} é`);
    const answer = await root.post(form?.action ?? "", form?.fields ?? new URLSearchParams());
    expect([answer.status, answer.text.includes('value="Kept"')]).toEqual([400, true]);
    expect(answer.text).not.toContain(markers.access);
    expect(answer.text).toContain("must hold printable ASCII characters only");
  });

  test("whose renewal fails say so where the button is", async () => {
    const client = await ConnectedClient.create();
    const path = (await client.connect(workspace)).replace("/v2", "/console");
    await client.revokeGrants();
    const { status, text } = await root.submit(await root.get(path), `${path}/refresh`);
    expect(status).toBe(424);
    expect(text).toContain('role="alert"');
    expect(text).toContain("Connect again");
  });
});

test("whoever loads the answer to a form again is where the form was", async () => {
  const [id, kind] = [crypto.randomUUID(), "/console/tenancy/tenants"];
  for (const [asked, there] of [
    ["/console/sign-out", "/console"],
    [`${kind}/${id}/delete`, `${kind}/${id}`],
    [`${kind}/${id}`, kind],
    [`${base}/keys/${id}/revoke`, `${base}/keys/${id}`],
    [`${base}/keys/${id}`, `${base}/keys`],
    ...["refresh", "authorize", "delete"].map((each) => [`${base}/secrets/${id}/${each}`, `${base}/secrets/${id}`]),
    ...["diagnose", "delete"].map((each) => [`${base}/clients/${id}/${each}`, `${base}/clients/${id}`]),
  ] as const) {
    const { status, location } = await root.get(asked);
    expect([asked, status, location]).toEqual([asked, 303, there]);
  }
});

test("every page says in which workspace somebody is who has one alone, and promises nobody else's ids", async () => {
  const { key } = await keyWith([], workspace);
  const { text } = await (await Person.signedIn(key)).get("/console/nothing");
  expect(text).toContain(`Workspace ${workspace}`);
  const { tenant } = await newTenancy();
  const ofTenant = await newKey(["contracts.workspaces.get"], { level: "tenant", id: tenant });
  const home = await (await Person.signedIn(ofTenant.key)).get("/console");
  expect(home.text).toContain("You can open those of your tenant.");
  expect(home.text).not.toContain("any id that you like");
});

test("what the console reads is no read of a credential (SECURITY 24, 25)", async () => {
  const client = await ConnectedClient.create();
  const own = newWorkspace();
  const path = await client.connect(own);
  const { key } = await keyWith(["workspaces.auth_secret.get", "workspaces.auth_secret.get_credentials"], own);
  const person = await Person.signedIn(key);
  await person.get(path.replace("/v2", "/console"));
  // One that does read them, afterwards: what the page did would be there before it.
  expect((await call("GET", path, undefined, { authorization: `Bearer ${key}` })).status).toBe(200);
  const reads = async () => {
    const { body } = await call("GET", `/v2/workspaces/${own}/events?filter[type]=secret.credentials_read`);
    return body.data as unknown[];
  };
  await eventually(async () => expect((await reads()).length).toBeGreaterThan(0));
  expect(await reads()).toHaveLength(1);
});
