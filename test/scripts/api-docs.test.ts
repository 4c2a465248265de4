/**
 * docs/API.md, run as it is printed, from top to bottom in one shell: only the ports are others, and a browser of ours opens the
 * addresses. What it shows is compared with what came back, and what it names with what there is.
 */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { statusOf } from "../../src/jsonapi/errors.ts";
import { addressesToOpen, blocksOf, Shell } from "../support/shell.ts";
import { useStage } from "../support/stage.ts";
import { signInAndConsent, UserAgent } from "../support/user-agent.ts";

const PATH = "docs/API.md";
const guide = readFileSync(PATH, "utf8");

const stage = useStage(90);

/** What a block prints. */
interface Printed {
  /** Words of the block, so that nobody takes it for another. */
  of: string;
  /** Every status that it prints, in order. */
  statuses?: number[];
  texts?: (string | RegExp)[];
  not?: string[];
  /** The code of the error that it shows on purpose. */
  error?: string;
}

/** One entry for each block, in order. */
const EXPECTED: Printed[] = [
  { of: "ROOT_API_KEY" },
  { of: "$SERVER/docs", texts: ["200 text/html", "Edge Secrets", '{"status":"ok"}'] },
  {
    of: "acme corp",
    error: "invalid_document",
    texts: ["/data/id", "/data/attributes/name", "/data/attributes/colour"],
  },
  { of: "x-request-id", texts: ["x-request-id: f:flow1;s:step1;m:message1"] },
  { of: "page[number]=1", texts: ['"per_page":5'] },
  { of: "me@example.com", statuses: [200], error: "unauthenticated" },
  { of: "Permission.enum", texts: ["workspaces.auth_secret.get_credentials"] },
  { of: "$API/tenants -d", texts: ['"id":"acme"', '"id":"acme-eu"', '"id":"acme-crm"'] },
  { of: "$API/contracts/acme-eu", texts: ['"total":1', '"name":"Acme Europe"'] },
  { of: "STEP_KEY=", texts: [/"key":"esk_[\w-]{80}"/] },
  {
    of: "another/secrets",
    statuses: [200, 404, 403, 401],
    texts: ['"name":"Steps"', /"last_used_at":"/],
    not: ['"key"'],
  },
  { of: "$API/providers/slack", texts: ['"type":"provider"', '"total_pages":1', '"token_uri":"https://slack.com/'] },
  { of: "AUTH_CLIENT=", texts: ['"client_secret":"********"', '"refresh_lead_seconds":60', '"flavour":{}'] },
  { of: "REDIRECT_URI=" },
  {
    of: '"provider": "slack"',
    texts: ["token_uri: 'https://slack.com/api/oauth.v2.access'", "client_secret: '********'"],
  },
  {
    of: "by its issuer",
    texts: ['"issuer":"http://', /"token_uri":"http:[^"]+\/token"/, '"client_secret":"********"'],
  },
  { of: "FLAVOUR=", texts: ['"class":"too_early"'] },
  { of: "filter[component]=crm", statuses: [404, 200], texts: ['"total":1', '"client_id"'] },
  { of: "step $API/auth-clients", texts: ['"name":"CRM app"', '"redirect_uri"'], not: ['"credentials"', "client_id"] },
  {
    of: "CRM app, Europe",
    statuses: [409],
    texts: ['"name":"CRM app, Europe"', '"token_expires_in":3600', '"client_secret":"********"'],
  },
  {
    of: "/diagnose",
    texts: ['"ok":true', '"code":"uris_usable"', '"code":"client_accepted"'],
    not: ['"level":"error"'],
  },
  { of: '"next_client_secret": "another"', texts: ["next_client_secret: '********'", /^client_secret$/m] },
  {
    of: "SIGNING=",
    statuses: [409],
    texts: [/^http:\/\/localhost:\d+\/v2\/auth-clients\/[\w-]+\/jwks\.json$/m, '"kty":"EC"', '"use":"sig"'],
    not: ['"d":'],
  },
  { of: "client noauth", texts: ["'basic', 'api_key', 'noauth', 'acme_signature' ]"] },
  { of: "FLOW=", texts: ['"state":"pending"'] },
  { of: "ENDED=", texts: ['"state":"completed"', '"type":"auth-secret"'] },
  { of: "AGAIN=" },
  { of: "$AGAIN", texts: [/^completed$/m, '"name":"Anna, CRM"', '"version":2', '"id":"anna"'], not: ["refresh_token"] },
  { of: "IMPORTED=", texts: ['"access_token":"from-elsewhere"', '"status":"not_refreshable"', /"expires_in":35\d\d/] },
  {
    of: "MACHINE_CLIENT=",
    texts: ['"access_token":"', '"scope":"read write"', '"status":"ok"', '"name":"machine"'],
  },
  { of: "filter[user]=anna", texts: ["[ 'Anna, CRM' ]", "[ 'basic' ]", "per_page: 2, total: 7, total_pages: 4"] },
  { of: "battery staple", texts: ['"name":"Shop"', '"version":2', '"password":"battery staple"'] },
  { of: "The shop is closed.", texts: [/^The shop is closed\.\n\[ 'The shop is closed\.' \]\nready$/m] },
  { of: "VERSION=", statuses: [409], texts: [/^(\d+)\n\1$/m] },
  {
    of: "$SECRET/history",
    texts: ['"event":"secret.refreshed"', '"trigger":"manual"', '"event":"authorization.completed"'],
  },
  { of: "-X DELETE $WORKSPACE/secrets/$NOAUTH", statuses: [204, 404] },
  { of: "step $SECRET/token", texts: ['"headers":{"Authorization":"Bearer ', '"health":"ok"'] },
  {
    of: "$SIGNED/token",
    texts: ['{"Authorization":"Basic YW5uYTpiYXR0ZXJ5IHN0YXBsZQ=="}', '{"X-Api-Key":"4711"}', '"headers":{}'],
  },
  { of: "If-None-Match", statuses: [304], texts: [/^"\d+"$/m] },
  { of: "Cache-Control: no-cache", texts: [/^server-timing: (memory|edge)\s*$/im, /^server-timing: origin\s*$/im] },
  { of: "min_ttl=3600", texts: [/^ok\n\n?degraded$/m] },
  {
    of: "EXPIRED=",
    error: "reauthorization_required",
    texts: ['"status":"424"', "/v2/workspaces/acme-crm/authorizations"],
  },
  { of: "$WORKSPACE/events?limit=2", texts: ['"event":"workspace.created"', /^\d+$/m] },
  { of: "$API/contracts/acme-eu/events", texts: [/^acme\n1\ntrue$/m] },
  { of: "$API/maintenance/overdue", texts: ['"count":0', '"unchecked":0'] },
  { of: "$API/maintenance/rewrap", texts: [/^rewrap$/m, '"seals":true', '"unopened":[]'] },
  { of: "export ELASTICIO_API_URI" },
  { of: "$ELASTICIO_WORKSPACE_ID/secrets", texts: ['"name":"Anna, CRM"', '"access_token"'] },
  { of: "-X DELETE $API/tenants/acme", error: "conflict", texts: [/^204\n401\n20[24]\n404$/m, "3 secrets use this"] },
];

/** The guide in the order in which it is read: what to run, and what it says comes back. */
const parts = [...guide.matchAll(/^```(sh|json)\n([\s\S]*?)^```$/gm)].map(([, language, text = ""]) => ({
  language,
  text,
}));

/** The claims of a JWT are what others send, not an answer of ours. */
const isClaims = (text: string) => text.includes('"iss"');

test("every block of docs/API.md works when pasted, one after the other, and gives what the text shows", async () => {
  expect(blocksOf("sh", guide)).toHaveLength(EXPECTED.length);
  const shell = new Shell(stage.folder, {
    "http://localhost:8787": stage.server.url,
    "http://127.0.0.1:4000": stage.provider.issuer,
  });
  const browser = new UserAgent();
  const expected = [...EXPECTED];
  let printed = "";
  let answers: unknown[] = [];
  for (const { language, text } of parts) {
    try {
      if (language === "json") {
        if (!isClaims(text)) expect(differences(JSON.parse(text), answers)).toEqual([]);
        continue;
      }
      printed = await shell.run(text);
      check(text, printed, expected.shift() ?? { of: "" });
    } catch (error) {
      throw new Error(`${PATH} says\n${text}\nand what came is\n${printed}`, { cause: error });
    }
    answers = printed.split("\n").flatMap((line) => (line.startsWith('{"') ? [JSON.parse(line)] : []));
    for (const address of addressesToOpen(printed)) {
      const page = await signInAndConsent(browser, address, { login: "anna" });
      expect(page.html).toContain("Connected");
    }
  }
  shell.close();
}, 120_000);

function check(block: string, printed: string, { of, statuses, texts = [], not = [], error }: Printed): void {
  expect(block).toContain(of);
  if (statuses !== undefined) expect(printed.match(/^\d{3}$/gm)?.map(Number)).toEqual(statuses);
  for (const each of texts) {
    if (each instanceof RegExp) expect(printed).toMatch(each);
    else expect(printed).toContain(each);
  }
  for (const each of not) expect(printed).not.toContain(each);
  if (error === undefined) expect(printed).not.toContain('{"errors":[');
  else expect(printed).toContain(`"code":"${error}"`);
}

/** Says where an example has other members than each of some answers, or members of another kind; nothing when one answer fits. */
function differences(example: unknown, answers: unknown[]): string[] {
  const each = answers.map((answer) => differencesAt("", example, answer));
  return each.find((found) => found.length === 0) ?? each.at(-1) ?? ["nothing came back"];
}

/** In an example "…" stands for anything, and for any further members. */
function differencesAt(at: string, example: unknown, answer: unknown): string[] {
  if (example === "…") return [];
  if (Array.isArray(example)) {
    if (!Array.isArray(answer)) return [`${at} is no list`];
    return example.flatMap((each, index) => differencesAt(`${at}/${index}`, each, answer[index]));
  }
  if (typeof example !== "object" || example === null) {
    return example === null || answer === null || typeof example === typeof answer ? [] : [`${at} is of another kind`];
  }
  if (typeof answer !== "object" || answer === null) return [`${at} is no object`];
  const actual = answer as Record<string, unknown>;
  const shown = Object.entries(example).filter(([name]) => name !== "…");
  const left = Object.keys(example).includes("…") ? [] : Object.keys(actual).filter((name) => !(name in example));
  return [
    ...left.map((name) => `${at}/${name} is not shown`),
    ...shown.flatMap(([name, value]) =>
      name in actual ? differencesAt(`${at}/${name}`, value, actual[name]) : [`${at}/${name} is not there`],
    ),
  ];
}

describe("docs/API.md names", () => {
  test("every operation of /openapi.json", async () => {
    const { paths } = await described();
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.length).toBeGreaterThan(20);
    expect(operations.filter((operation) => !guide.includes(`\`${operation}\``))).toEqual([]);
  });

  test("every code of an error, with its status", async () => {
    const { components } = await described();
    const codes: Parameters<typeof statusOf>[0][] = components.schemas.Error.properties.code.enum;
    expect(codes.filter((code) => !guide.includes(`| \`${code}\` | ${statusOf(code)} |`))).toEqual([]);
  });

  test("every permission that opens something, and no other", async () => {
    const { components } = await described();
    const permissions: string[] = components.schemas.Permission.enum;
    const rows = [...guide.matchAll(/^\|[^|]+\| `([\w.{},]+\.\{[\w,]+\})` \|$/gm)].flatMap(([, name = ""]) =>
      spelledOut(name),
    );
    const reserved = /\.webhooks\./;
    expect(rows.toSorted()).toEqual(permissions.filter((name) => !reserved.test(name)).toSorted());
  });

  test("every parameter of a query", async () => {
    const { paths } = await described();
    const parameters = Object.values(paths).flatMap((item) =>
      Object.values(item as Record<string, { parameters?: { in: string; name: string }[] }>).flatMap((operation) =>
        (operation.parameters ?? []).filter((parameter) => parameter.in === "query").map(({ name }) => name),
      ),
    );
    expect([...new Set(parameters)].filter((name) => !guide.includes(name))).toEqual([]);
  });
});

// oxlint-disable-next-line no-explicit-any
async function described(): Promise<any> {
  return await (await fetch(`${stage.server.url}/openapi.json`)).json();
}

/** Writes out what stands in braces. */
function spelledOut(name: string): string[] {
  const levels = name.replace("{level}", "{global,tenants,contracts,workspaces}");
  const [, before = "", choices, after = ""] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(levels) ?? [];
  if (choices === undefined) return [name];
  return choices.split(",").flatMap((choice) => spelledOut(before + choice + after));
}

test.each([...new Set([...guide.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link))])(
  "docs/API.md links to %s, which is there",
  (link) => {
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? PATH : join(dirname(PATH), file);
    expect(existsSync(target)).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(readFileSync(target, "utf8"))).toContain(anchor);
  },
);

/** The anchors that GitHub gives to headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
