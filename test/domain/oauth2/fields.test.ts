import { expect, test } from "vitest";
import { fieldsOf } from "../../../src/domain/oauth2/fields.ts";

const URI = "https://provider.example.com/token";
const registration = { client_id: "c", auth_uri: URI, token_uri: URI, refresh_token_uri: URI };

test("fieldsOf lists what URIs and assertions hold of a secret, each once, and what must be said", () => {
  const flavour = {
    hosts: { "fields.shop": "[a-z]+", "fields.region": { values: { eu: "eu" }, default: "com" } },
    revoke_uri: "https://{{fields.shop}}.example.com/revoke/{{fields.desk}}",
    assertion: { sub: "{{fields.subject}}", claims: { org: "{{fields.org}}", scope: "{{scope}}" } },
  };
  const auth_uri = "https://{{fields.shop}}.example.{{fields.region}}/authorize?at={{callback.location}}";
  expect(fieldsOf({ ...registration, auth_uri, flavour })).toEqual([
    { name: "shop", required: true },
    { name: "region", required: false },
    { name: "desk", required: false },
    { name: "subject", required: false },
    { name: "org", required: false },
  ]);
  expect(fieldsOf(registration)).toEqual([]);
});
