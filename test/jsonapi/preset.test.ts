/** What a preset must not be: for each way of being wrong, where it is said and in which words. */

import { expect, test } from "vitest";
import { presetProblems } from "../../src/jsonapi/preset.ts";

const SHOP = "https://{{fields.shop}}.example.com";
const preset = {
  title: "Shops",
  documentation: "https://example.com/docs",
  auth_uri: `${SHOP}/authorize`,
  token_uri: `${SHOP}/token`,
  fields: { shop: { title: "Shop name", example: "my-shop" } },
  flavour: { hosts: { "fields.shop": "[a-z-]+" } },
};

test("a preset that is right has no problems", () => {
  expect(presetProblems(preset)).toEqual([]);
});

test("one for which nobody consents needs no page for that, and may ask for what its assertions say", () => {
  const { auth_uri: _, token_uri: __, flavour: ___, ...others } = preset;
  const { title, documentation, fields } = others;
  const assertion = { sub: "{{fields.shop}}", claims: { scope: "x" } };
  const token_uri = "https://example.com/token";
  const machine = { title, documentation, grant_type: "jwt_bearer", token_uri, fields, flavour: { assertion } };
  expect(presetProblems(machine)).toEqual([]);
});

test.each<[string, object, string[]]>([
  ["no title", { title: undefined }, ['/title: "title" is required.']],
  ["a member that is not known", { colour: "red" }, ['/colour: "colour" is not known here.']],
  [
    "a page that is not https",
    { documentation: "http://example.com" },
    ['/documentation: "documentation" must use https.'],
  ],
  ["a URI of this machine", { token_uri: "http://127.0.0.1/t" }, ['/token_uri: "token_uri" must use https.']],
  ["no consent", { auth_uri: undefined }, ['/auth_uri: "auth_uri" is required.']],
  ["a note that is a page", { note: "x".repeat(301) }, ['/note: "note" must be at most 300 characters long.']],
  ["a setting that is not known", { flavour: { x: 1 } }, ['/flavour/x: "x" is not known here.']],
  [
    "a variable that nobody is asked for",
    { fields: undefined },
    ['/fields: "{{fields.shop}}" is used and not named here.'],
  ],
  [
    "a field that is used nowhere",
    { fields: { ...preset.fields, more: { title: "More", example: "m" } } },
    ['/fields/more: "{{fields.more}}" is used nowhere.'],
  ],
  [
    "a variable that may be anything",
    { flavour: {} },
    ['/flavour/hosts: "{{fields.shop}}" is in a URI and not named here.'],
  ],
  [
    "a rule for nothing",
    { flavour: { hosts: { ...preset.flavour.hosts, "fields.more": "x" } } },
    ['/flavour/hosts/fields.more: "{{fields.more}}" is in no URI.'],
  ],
  [
    "an example that is refused",
    { fields: { shop: { title: "Shop name", example: "My shop" } } },
    ['/fields/shop/example: It is not what "hosts" allow.'],
  ],
  [
    "an example that makes no host",
    { token_uri: "https://{{fields.shop}}/token" },
    ["/token_uri: With the examples filled in it must name a public host."],
  ],
  [
    "what a callback does not bring",
    {
      token_uri: "https://{{callback.shop}}.example.com",
      flavour: { hosts: { "fields.shop": "[a-z-]+", "callback.shop": "x" } },
    },
    ['/flavour/callback_extra: "{{callback.shop}}" is used and not named here.'],
  ],
])("%s is told", (_, change, problems) => {
  expect(presetProblems({ ...preset, ...change }).map(({ pointer, detail }) => `${pointer}: ${detail}`)).toEqual(
    problems,
  );
});

test("another order is told", () => {
  const { title, ...others } = preset;
  expect(presetProblems({ ...others, title }).map(({ pointer }) => pointer)).toEqual(["/documentation"]);
});

test("one URI twice is told", () => {
  const { fields, flavour, ...before } = preset;
  const twice = { ...before, refresh_token_uri: preset.token_uri, fields, flavour };
  expect(presetProblems(twice).map(({ pointer }) => pointer)).toEqual(["/refresh_token_uri"]);
});
