/** An auth client: an app's registration at a provider, and who may use it. Knows no storage and no wire format. */

import type { AuthClientId, WorkspaceId } from "./ids.ts";

/** Where a thing belongs. A narrower place sees what belongs to the wider ones above it. */
export type Place = { level: "global" } | { level: "workspace"; id: WorkspaceId };

/** An OAuth 2.0 registration. Members have their RFC 6749 names; `token_expires_in` is in seconds. */
export interface OAuth2Registration {
  client_id: string;
  client_secret: string;
  auth_uri: string;
  token_uri: string;
  refresh_token_uri: string;
  token_expires_in?: number;
}

export interface AuthClient {
  id: AuthClientId;
  place: Place;
  type: "oauth2";
  name: string;
  components: string[];
  credentials: OAuth2Registration;
  /** How long before expiry a token is renewed, in seconds. */
  refreshLeadSeconds: number;
  /** Rises with every change. */
  version: number;
  createdAt: number;
}

/** The lead when a client states none, in seconds. */
export const DEFAULT_REFRESH_LEAD_SECONDS = 60;

/** Decides whether a client can be used in a workspace: it is global or the workspace's own. */
export function usableIn(client: { place: Place }, workspace: WorkspaceId): boolean {
  return client.place.level === "global" || client.place.id === workspace;
}

/** Gives the redirect URI to register at the provider: one for each client, the defence against mix-up (RFC 9700 4.4.2). */
export function redirectUri(publicUrl: string, client: AuthClientId): string {
  return `${publicUrl}/callback/oauth2/${client}`;
}
