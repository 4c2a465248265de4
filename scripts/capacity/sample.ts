/** One actor's record as it usually is: two tokens of a provider that issues JWTs, the client's sealed copy, a hundred renewals remembered, no flow under way. */

import { cipherOf } from "../../src/crypto/seal.ts";
import { blankSecret, type Secret } from "../../src/domain/secret.ts";
import type { Happened } from "../../src/domain/events.ts";
import type { AuthClientId, SecretId, UserId, WorkspaceId } from "../../src/domain/ids.ts";
import { EMPTY_TRAIL, MOST_REMEMBERED, remembering, type Trail } from "../../src/domain/trail.ts";

const ACCESS_TOKEN_LENGTH = 1200;
const REFRESH_TOKEN_LENGTH = 600;
const NOW = Date.UTC(2026, 0);
const ID = "00000000-0000-4000-8000-000000000000";
/** What an actor that has lived for some days remembers a hundred times. */
const RENEWED: Happened = {
  event: "secret.refreshed",
  actor: "alarm",
  outcome: "ok",
  trigger: "alarm",
  durationMs: 300,
  requestId: ID,
};

/** Makes the record, sealed as everything is. */
export async function sampleRecord() {
  const cipher = cipherOf(() => [{ kid: "2026-01", bytes: new Uint8Array(32) }]);
  const [id, workspaceId, authClientId] = [ID as SecretId, ID as WorkspaceId, ID as AuthClientId];
  const secret: Secret = {
    ...blankSecret(
      {
        id,
        workspaceId,
        authClientId,
        userId: ID as UserId,
        type: "oauth2",
        name: "Anna Example, sales",
        additionalParams: { prompt: "consent" },
        fields: null,
        scopes: ["openid", "offline_access", "contacts.read", "contacts.write"],
      },
      NOW,
    ),
    version: 1000,
    expiresAt: NOW,
    renewedWith: "refresh_token",
    lastRefreshedAt: NOW,
    refreshAt: NOW,
  };
  const grant = {
    access_token: "a".repeat(ACCESS_TOKEN_LENGTH),
    token_type: "Bearer",
    refresh_token: "r".repeat(REFRESH_TOKEN_LENGTH),
    scope: "openid offline_access contacts.read contacts.write",
    undefined_params: { instance_url: "https://eu12.crm.example.com" },
    subject: ID,
  };
  const registration = {
    client_id: "c".repeat(80),
    client_secret: "s".repeat(64),
    auth_uri: "https://login.crm.example.com/oauth2/v2.0/authorize",
    token_uri: "https://login.crm.example.com/oauth2/v2.0/token",
    refresh_token_uri: "https://login.crm.example.com/oauth2/v2.0/token",
    revoke_uri: "https://login.crm.example.com/oauth2/v2.0/revoke",
  };
  return {
    schema: 1 as const,
    id,
    workspaceId,
    seen: `${ID}/${ID}`,
    secret,
    grant: await cipher.seal(["workspace", ID, "auth-secret", ID, "grant", 1000], grant),
    client: {
      id: authClientId,
      place: { level: "global" as const },
      type: "oauth2",
      name: "CRM",
      components: [ID],
      provider: null,
      issuer: null,
      grantType: "authorization_code" as const,
      refreshLeadSeconds: 60,
      refreshJitterSeconds: 0,
      secretInUse: "client_secret" as const,
      version: 1,
      createdAt: NOW,
      credentials: await cipher.seal(["global", "auth-client", ID, "credentials", 1], registration),
      sealedMetadata: null,
    },
    indexed: { name: "Anna Example, sales", state: "ready" as const, checkAt: NOW, kids: "2026-01" },
    unconfirmed: false,
    authorizations: [],
    trail: Array.from({ length: MOST_REMEMBERED }).reduce<Trail>(
      (trail) => ({ ...remembering(trail, [RENEWED], NOW, 1000), told: trail.count }),
      EMPTY_TRAIL,
    ),
  };
}
