/** What callers may see of a secret. Pure. */

import { type FreeCredentials, hasTokens } from "../domain/auth-client.ts";
import { healthOf } from "../domain/health.ts";
import { isServable } from "../domain/refresh-schedule.ts";
import type { Grant, Secret, SecretView, TokenCredentials } from "../domain/secret.ts";

/** Shows a secret with what was sealed of it, in this version. */
export function secretView(secret: Secret, content: Grant | FreeCredentials, now: number): SecretView {
  return {
    id: secret.id,
    workspaceId: secret.workspaceId,
    authClientId: secret.authClientId,
    userId: secret.userId,
    type: secret.type,
    name: secret.name,
    version: secret.version,
    reported: secret.reported,
    credentials: hasTokens(secret.type)
      ? tokenCredentials(secret, content as Grant, now)
      : { kind: "plain", members: content as FreeCredentials },
    health: healthOf(secret, now),
  };
}

function tokenCredentials(secret: Secret, grant: Grant, now: number): TokenCredentials {
  return {
    kind: "token",
    accessToken: isServable(secret, now) ? grant.access_token : null,
    tokenType: grant.token_type,
    scope: grant.scope,
    expiresAt: secret.expiresAt,
    undefinedParams: grant.undefined_params,
    additionalParams: secret.additionalParams,
    fields: secret.fields,
  };
}
