/** What somebody puts into a secret: credentials in hand, or the wish for a grant to which nobody has to consent, which is fetched here. */

import { type FreeCredentials, policyOf } from "../domain/auth-client.ts";
import { lifetimeOf, statedSeconds } from "../domain/oauth2/lifetime.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import { renewedWith } from "../domain/oauth2/renewal.ts";
import { type GrantTimes, withNewGrant } from "../domain/refresh-schedule.ts";
import type { Grant, Secret } from "../domain/secret.ts";
import { jwtExpiresAt } from "../outbound/token-endpoint.ts";
import { openRegistration, type SealedAuthClient } from "../store/auth-clients.ts";
import type { Content } from "./door.ts";
import { fetchGrant, requireFields } from "./first-grant.ts";
import type { Ports } from "./ports.ts";

type InHand = Content & { kind: "token" };

/** What was received, ready to be stored. */
export interface Received {
  toSeal: Grant | FreeCredentials;
  client: SealedAuthClient;
  /** Makes a secret's next version of it. */
  onto: (secret: Secret) => Secret;
}

/**
 * Receives content for a secret, which says what of it stays. Tokens in hand were good when they were received.
 * @throws {ServiceError} what `fetchGrant` throws; `storage_integrity`; `invalid_document` for fields that lead to no host of the provider
 */
export async function receive(
  ports: Ports,
  secret: Secret,
  content: Content,
  client: SealedAuthClient,
  { requestId, receivedAt }: { requestId: string; receivedAt: number },
): Promise<Received> {
  const random = ports.random();
  const inHand = { issuedAt: receivedAt, refreshTokenExpiresAt: null, arrivedAt: null };
  if (content.kind === "plain") {
    const times = { ...inHand, expiresAt: null, renewedWith: null };
    const onto = (before: Secret) => withNewGrant(before, times, policyOf(client, {}), random);
    return { toSeal: content.members, client, onto };
  }
  const registration = await openRegistration(ports.cipher, client);
  const policy = policyOf(client, registration);
  const received = (toSeal: Grant, times: GrantTimes, known: SealedAuthClient): Received => ({
    toSeal,
    client: known,
    onto: (before) => withSaid(withNewGrant(before, times, policy, random), content),
  });
  if (content.kind === "token") {
    const { auth_uri, token_uri, refresh_token_uri } = registration;
    if (content.fields !== undefined)
      requireFields([auth_uri, token_uri, refresh_token_uri], registration, content.fields);
    const times = { ...inHand, ...timesOf(content, registration, receivedAt) };
    return received(grantOf(content), times, client);
  }
  const { heard, client: known } = await fetchGrant(ports, withSaid(secret, content), client, registration, requestId);
  const times: GrantTimes = {
    issuedAt: heard.issuedAt,
    expiresAt: heard.expiresAt,
    renewedWith: renewedWith(registration, heard.grant.refresh_token),
    refreshTokenExpiresAt: null,
    arrivedAt: ports.now(),
  };
  return received(heard.grant, times, known);
}

/** What is said besides the tokens; what is undefined stays as it is. */
function withSaid(secret: Secret, { additionalParams, fields, scopes }: Exclude<Content, { kind: "plain" }>): Secret {
  return {
    ...secret,
    ...(additionalParams !== undefined && { additionalParams }),
    ...(fields !== undefined && { fields }),
    ...(scopes !== undefined && { scopes }),
  };
}

function timesOf(
  content: InHand,
  registration: OAuth2Registration,
  receivedAt: number,
): Pick<GrantTimes, "expiresAt" | "renewedWith"> {
  const by = renewedWith(registration, content.refreshToken);
  const lifetime = lifetimeOf({
    stated: statedSeconds(content.expiresIn),
    clientDefault: registration.token_expires_in,
    jwtExpiresAt: jwtExpiresAt(content.accessToken),
    sentAt: receivedAt,
    isRenewable: by !== null,
  });
  const seconds = content.expiresIn ?? lifetime.seconds;
  const expiresAt = content.expiresAt ?? (seconds === null ? null : receivedAt + seconds * 1000);
  return { expiresAt, renewedWith: by };
}

function grantOf(content: InHand): Grant {
  return {
    access_token: content.accessToken,
    token_type: content.tokenType,
    refresh_token: content.refreshToken,
    scope: content.scope,
    undefined_params: {},
    subject: null,
  };
}
