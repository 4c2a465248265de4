/**
 * A second real OAuth server (@jmondi/oauth2-server) on loopback, so that not everything is tried with one provider's habits: signed JWTs for
 * tokens, either way of client authentication, `invalid_request` for a refresh token that is dead. It runs in Node only and knows
 * nothing of the service under test.
 */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { AuthorizationServer, DateInterval, isOAuthError } from "@jmondi/oauth2-server";
import { handleVanillaError, requestFromVanilla, responseToVanilla } from "@jmondi/oauth2-server/vanilla";
import type { OAuth2ServerAddress, ServedRequest } from "./oauth2-server-contract.ts";
import { type ClientRecord, control, newClientRecord } from "./oauth2-server-control.ts";
import { OAuth2ServerStorage, TokenWriter } from "./oauth2-server-storage.ts";

const ACCESS_TOKEN_LIFETIME = new DateInterval("10m");
const CONSENT = `<!doctype html><title>Sign in</title>
<form method="post">
  <input type="hidden" name="prompt" value="login">
  <label>Name <input name="login"></label> <label>Password <input name="password" type="password"></label>
  <button>Sign in and allow</button>
</form>`;

export interface OAuth2Server {
  address: OAuth2ServerAddress;
  /** Stops listening and destroys open connections. */
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1 and resolves when it answers. */
export async function startOAuth2Server(): Promise<OAuth2Server> {
  const storage = new OAuth2ServerStorage();
  const records = new Map<string, ClientRecord>();
  const oauth = new AuthorizationServer(
    storage.clients,
    storage.tokens,
    storage.scopes,
    new TokenWriter((clientId) => records.get(clientId)?.opaque_tokens === true),
  );
  oauth.enableGrantTypes(
    ["client_credentials", ACCESS_TOKEN_LIFETIME],
    ["refresh_token", ACCESS_TOKEN_LIFETIME],
    [
      { grant: "authorization_code", authCodeRepository: storage.codes, userRepository: storage.users },
      ACCESS_TOKEN_LIFETIME,
    ],
  );

  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on("request", (incoming, outgoing) => {
    const answering = async () => {
      const response = await answer(await requestOf(origin, incoming), oauth, storage, records);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text());
    };
    void answering();
  });

  return {
    address: {
      authUri: `${origin}/authorize`,
      tokenUri: `${origin}/token`,
      introspectionUri: `${origin}/introspect`,
      revocationUri: `${origin}/revoke`,
      controlUri: `${origin}/control/clients`,
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function requestOf(origin: string, incoming: IncomingMessage): Promise<Request> {
  const { method = "GET", url = "/", headers } = incoming;
  const body = await buffer(incoming);
  return new Request(origin + url, {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(body.length > 0 && { body }),
  });
}

async function answer(
  request: Request,
  oauth: AuthorizationServer,
  storage: OAuth2ServerStorage,
  records: Map<string, ClientRecord>,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  try {
    switch (pathname) {
      case "/authorize":
        return await authorize(request, oauth);
      case "/token":
      case "/introspect":
      case "/revoke":
        return await serve(request, oauth, records);
      default:
        return await control(request, storage, records);
    }
  } catch (error) {
    return refused(error);
  }
}

function refused(error: unknown): Response {
  // The answer says only `server_error`; without this a mistake in these files could not be found.
  if (!isOAuthError(error)) console.error(error);
  return responseToVanilla(handleVanillaError(error));
}

/** Asks for a name and lets the person go on, back to the client. */
async function authorize(request: Request, oauth: AuthorizationServer): Promise<Response> {
  const form = request.method === "POST" ? new URLSearchParams(await request.clone().text()) : null;
  const asked = await oauth.validateAuthorizationRequest(await requestFromVanilla(request));
  const login = form?.get("login");
  if (!login) return new Response(CONSENT, { headers: { "content-type": "text/html" } });
  Object.assign(asked, { user: { id: login }, isAuthorizationApproved: true });
  return responseToVanilla(await oauth.completeAuthorizationRequest(asked));
}

/** Answers at one of the endpoints that programs ask, and takes down who asked how. */
async function serve(
  request: Request,
  oauth: AuthorizationServer,
  records: Map<string, ClientRecord>,
): Promise<Response> {
  const asked = await requestFromVanilla(request);
  const [endpoint] = new URL(request.url).pathname.split("/").slice(1) as ["token" | "introspect" | "revoke"];
  const basic = /^Basic (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  const [user] = Buffer.from(basic ?? "", "base64")
    .toString()
    .split(":");
  const record = records.get(asked.body["client_id"] ?? user) ?? newClientRecord();
  const inBody = asked.body["client_secret"] === undefined ? "none" : "body";
  const served: ServedRequest = {
    endpoint,
    grant_type: asked.body["grant_type"] ?? "",
    authentication: basic === undefined ? inBody : "basic",
    status: 0,
  };
  record.requests.push(served);
  const respond = async () => {
    if (endpoint === "introspect") return await oauth.introspect(asked);
    if (endpoint === "revoke") return await oauth.revoke(asked);
    const granted = await oauth.respondToAccessTokenRequest(asked);
    if (record.expiry_untold) delete granted.body["expires_in"];
    return granted;
  };
  if (endpoint === "token") record.inFlight += 1;
  record.most_in_flight = Math.max(record.most_in_flight, record.inFlight);
  const response = await respond().then(responseToVanilla, refused);
  if (endpoint === "token") {
    // Not `ref`: an answer still held back must not keep the process alive.
    if (record.delay_ms > 0) await pause(record.delay_ms, undefined, { ref: false });
    record.inFlight -= 1;
  }
  served.status = response.status;
  return response;
}
