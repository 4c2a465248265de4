/** Documents that are right, for each operation that takes one. What they are linked to is put in when they are sent. */

const NOWHERE = "http://127.0.0.1:1/";
const linkTo = (type: string) => ({ data: { type, id: "any" } });
const ofClient = { auth_client: linkTo("auth-client") };

const clientOf = (attributes: object, relationships?: object) => ({
  data: {
    type: "auth-client",
    attributes: { name: "A client", ...attributes },
    ...(relationships && { relationships }),
  },
});
const secretOf = (attributes: object) => ({
  data: { type: "auth-secret", attributes: { name: "A secret", ...attributes }, relationships: ofClient },
});

/** By operation. */
export const DOCUMENTS: Record<string, object[]> = {
  "POST /v2/tenants": [{ data: { type: "tenant", attributes: { name: "A tenant" } } }],
  "POST /v2/contracts": [
    { data: { type: "contract", attributes: { name: "A contract" }, relationships: { tenant: linkTo("tenant") } } },
  ],
  "POST /v2/workspaces": [
    {
      data: { type: "workspace", attributes: { name: "A workspace" }, relationships: { contract: linkTo("contract") } },
    },
  ],
  "POST /v2/api-keys": [
    {
      data: {
        type: "api-key",
        attributes: { name: "A key", permissions: ["workspaces.auth_secret.get"] },
        relationships: { workspace: linkTo("workspace") },
      },
    },
  ],
  "POST /v2/auth-clients": [
    clientOf({ type: "noauth", credentials: {} }, { workspace: linkTo("workspace") }),
    clientOf({ type: "custom", credentials: { anything: [{ at: "all" }] } }),
    clientOf({
      type: "oauth2",
      credentials: {
        client_id: "c",
        client_secret: "s",
        auth_uri: NOWHERE,
        token_uri: NOWHERE,
        refresh_token_uri: NOWHERE,
      },
      flavour: { scope_separator: "," },
    }),
    clientOf({
      type: "oauth2",
      grant_type: "client_credentials",
      credentials: { client_id: "c", token_uri: NOWHERE },
      flavour: { client_auth: "private_key_jwt" },
    }),
  ],
  "PATCH /v2/auth-clients/{id}": [{ data: { type: "auth-client", attributes: { name: "Renamed" } } }],
  "POST /v2/auth-clients/{id}/diagnose": [{ data: { type: "diagnosis", attributes: {} } }],
  "POST /v2/workspaces/{workspace}/secrets": [
    secretOf({}),
    secretOf({ credentials: { access_token: "t", refresh_token: "r", expires_in: 3600 } }),
    secretOf({ credentials: { anything: 1 } }),
  ],
  "PATCH /v2/workspaces/{workspace}/secrets/{id}": [
    { data: { type: "auth-secret", attributes: { name: "Renamed" } } },
    { data: { type: "auth-secret", attributes: { credentials: { access_token: "u", expires_in: 60 } } } },
  ],
  "POST /v2/workspaces/{workspace}/authorizations": [
    {
      data: { type: "authorization", attributes: { name: "An account", scopes: ["openid"] }, relationships: ofClient },
    },
  ],
};
