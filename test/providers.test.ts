/** The presets of `providers/`: each file is held to their schema, has a vector, and none that was promised is missing. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "@hono/zod-openapi";
import { REFUSAL_CLASSES } from "../src/domain/oauth2/response.ts";
import { flavourSchema } from "../src/jsonapi/flavour.ts";
import { PRESET_NAME, presetProblems, presetSchema } from "../src/jsonapi/preset.ts";
import { allPresets } from "../src/providers/presets.ts";

/** Every provider that the service promises to know. */
const PROMISED =
  `google microsoft github github-app gitlab bitbucket slack salesforce salesforce-sandbox hubspot xero quickbooks
  exact-online zoho shopify dropbox box notion airtable asana atlassian linear monday miro figma canva zoom calendly typeform
  mailchimp zendesk intercom pipedrive stripe square paypal ebay amazon-sp-api docusign netsuite snowflake servicenow linkedin
  facebook instagram x reddit twitch spotify strava fitbit tiktok okta auth0`.split(/\s+/);

const VECTORS = "test/vectors";

interface Vector {
  id: string;
  client_config: { provider?: string };
  request_expectation: { url?: string };
  evidence: string[];
}

const names = readdirSync("providers")
  .filter((file) => file !== "README.md")
  .map((file) => file.replace(/\.json$/, ""))
  .toSorted();

function vectorsIn(file: string): Vector[] {
  const path = join(VECTORS, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Vector[]) : [];
}

const common = vectorsIn("token-endpoint.json");
const all = [...common, ...names.flatMap((name) => vectorsIn(`presets/${name}.json`))];

describe.each(names)("providers/%s.json", (name) => {
  test("is called by a name and is a preset, by their schema", () => {
    expect(name).toMatch(PRESET_NAME);
    expect(readdirSync("providers")).toContain(`${name}.json`);
    const problems = presetProblems(JSON.parse(readFileSync(`providers/${name}.json`, "utf8")));
    expect(problems.map(({ pointer, detail }) => `${pointer}: ${detail}`)).toEqual([]);
  });

  test("has a vector: what the provider is asked and what it answers", () => {
    const own = vectorsIn(`presets/${name}.json`);
    const others = common.filter(({ client_config }) => client_config.provider === name);
    expect([...own, ...others].length).toBeGreaterThan(0);
    expect(own.filter(({ id }) => !id.startsWith(`preset-${name}-`))).toEqual([]);
    expect(own.filter(({ client_config }) => client_config.provider !== name)).toEqual([]);
    expect(own.filter(({ evidence }) => !evidence.some((each) => each.startsWith("https://")))).toEqual([]);
  });
});

test("no two vectors have one id", () => {
  const ids = all.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("every vector of a preset belongs to one", () => {
  const files = existsSync(join(VECTORS, "presets")) ? readdirSync(join(VECTORS, "presets")) : [];
  expect(files.filter((file) => !names.includes(file.replace(/\.json$/, "")))).toEqual([]);
});

describe("docs/PROVIDERS.md", () => {
  const page = readFileSync("docs/PROVIDERS.md", "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.+?) \| (.+) \|$/gm)].map(([, name = "", values = ""]) => ({
    name,
    values,
  }));
  const settings = Object.entries(flavourSchema.shape).map(([name, schema]) => [name, schema.unwrap()] as const);

  test("has a row for each setting, and for nothing else", () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual(settings.map(([name]) => name).toSorted());
  });

  test("has the values that a setting takes, the default first", () => {
    const wrong = settings.filter(([name, schema]) => {
      const values = rows.find((row) => row.name === name)?.values ?? "";
      if (schema instanceof z.ZodEnum) return values !== schema.options.map((each) => `\`${each}\``).join(" · ");
      return schema instanceof z.ZodBoolean && !["`false` · `true`", "`true` · `false`"].includes(values);
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
  });

  test("has examples that the schemas take", () => {
    const [preset, vector] = [...page.matchAll(/^ *```json\n([\s\S]*?)```$/gm)].map(([, text = ""]) =>
      JSON.parse(text),
    );
    expect(presetProblems(preset)).toEqual([]);
    const [known] = vectorsIn("presets/slack.json");
    expect(Object.keys(vector)).toEqual(Object.keys(known ?? {}));
  });

  test("names the classes of errors", () => {
    const classes = page.split("### Classes")[1]?.split("\n##")[0] ?? "";
    expect([...classes.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual([...REFUSAL_CLASSES]);
  });
});

test("every provider that was promised is there", () => {
  expect(PROMISED.filter((name) => !names.includes(name))).toEqual([]);
});

test("the Worker carries all of them", () => {
  expect(allPresets().map(([name]) => name)).toEqual(names);
});

test("members of a file stand in the order of the schema, which is that of this test", () => {
  expect(Object.keys(presetSchema.shape)).toEqual([
    "title",
    "documentation",
    "grant_type",
    "auth_uri",
    "token_uri",
    "refresh_token_uri",
    "token_expires_in",
    "refresh_lead_seconds",
    "fields",
    "note",
    "flavour",
  ]);
});
