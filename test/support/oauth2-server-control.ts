/**
 * The JSON routes under /control/clients, through which tests inside workerd steer the clients of the other OAuth server: add one, change it,
 * see what it asked, revoke what it got.
 */

import type { OAuthClient } from "@jmondi/oauth2-server";
import type { OAuth2ServerSettings, ServedRequests } from "./oauth2-server-contract.ts";
import { type OAuth2ServerStorage, randomText } from "./oauth2-server-storage.ts";

const ROUTE = /^\/control\/clients(?:\/([^/]+))?(?:\/(requests|revoke))?$/;

/** All that is known of one client besides what the package stores. */
export interface ClientRecord extends ServedRequests, Omit<OAuth2ServerSettings, "redirect_uris" | "client_secret"> {
  inFlight: number;
}

/** Answers at the control routes; an unknown client or route is a 404. */
export async function control(
  request: Request,
  storage: OAuth2ServerStorage,
  records: Map<string, ClientRecord>,
): Promise<Response> {
  const [isControl, id = "", what = ""] = ROUTE.exec(new URL(request.url).pathname) ?? [];
  const client = storage.find(id);
  const record = records.get(id);
  if (isControl !== undefined && id === "" && request.method === "POST") {
    const added = newClient();
    storage.add(added);
    records.set(added.id, newClientRecord());
    return Response.json({ client_id: added.id, client_secret: added.secret }, { status: 201 });
  }
  if (client === undefined || record === undefined) return Response.json({ error: "no such client" }, { status: 404 });
  switch (`${request.method} ${what}`) {
    case "PATCH ": {
      const { redirect_uris, client_secret, ...settings } = (await request.json()) as Partial<OAuth2ServerSettings>;
      Object.assign(record, settings);
      if (redirect_uris !== undefined) client.redirectUris = redirect_uris;
      if (client_secret !== undefined) client.secret = client_secret;
      return Response.json({});
    }
    case "GET requests": {
      const { requests, most_in_flight } = record;
      return Response.json({ requests, most_in_flight } satisfies ServedRequests);
    }
    case "POST revoke":
      return Response.json({ revoked: storage.revokeClient(id) });
    default:
      return Response.json({ error: "no such route" }, { status: 404 });
  }
}

function newClient(): OAuthClient {
  return {
    // As many providers write them: with what some encode, and others do not decode.
    id: `app-${randomText()}`,
    name: "Test app",
    secret: `secret_1.${randomText()}`,
    redirectUris: [],
    allowedGrants: ["authorization_code", "client_credentials", "refresh_token"],
    scopes: [],
  };
}

/** Makes the record of a client that has not called yet. */
export function newClientRecord(): ClientRecord {
  return { requests: [], most_in_flight: 0, inFlight: 0, opaque_tokens: false, expiry_untold: false, delay_ms: 0 };
}
