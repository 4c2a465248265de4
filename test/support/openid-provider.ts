/**
 * A real OpenID provider (oidc-provider) on loopback, for tests and the demo: dynamic registration, its own sign-in and
 * consent pages, rotating refresh tokens, revocation and introspection. This file starts and stops it and steers its
 * clients. It runs in Node only and knows nothing of the service under test.
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buildProvider, ROUTES } from "./provider-configuration.ts";
import { providerControl } from "./provider-control.ts";
import { ProviderStorage } from "./provider-storage.ts";
import { type MintedGrant, mintGrant } from "./minted-grant.ts";
import { newClientRecord, tokenFaults } from "./token-faults.ts";
import type { ClientRecord } from "./token-faults.ts";
import type {
  ClientChanges,
  ClientCredentials,
  ClientRequest,
  ClientSettings,
  TokenCall,
  TokenCalls,
  TokenFault,
} from "./provider-contract.ts";

export interface ProviderOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** The lifetime of access tokens for clients that do not say; 3600 when left out. */
  accessTokenSeconds?: number;
  /** How clients may authenticate; every way that oidc-provider knows when left out. */
  clientAuthMethods?: string[];
  /** Hears of every token request once it is answered or dropped. */
  onTokenRequest?: (call: TokenCall) => void;
}

/** What tests do to clients, as functions in the same process or as JSON routes under `controlUri`. */
export interface ClientControl {
  registerClient(request: ClientRequest): Promise<ClientCredentials>;
  hasClient(clientId: string): boolean;
  /** Changes lifetime, rotation and reuse window for tokens issued from now on, which it returns, and what is registered. */
  changeClient(clientId: string, changes: ClientChanges): ClientSettings;
  setFault(clientId: string, fault: TokenFault | null): void;
  /** Lets go the answers that a fault's delay holds back now. */
  release(clientId: string): void;
  calls(clientId: string): TokenCalls;
  /** Revokes all grants of a client, so that its next refresh is an `invalid_grant`, and returns how many there were. */
  revokeGrants(clientId: string): number;
}

export interface OpenIdProvider extends ClientControl {
  issuer: string;
  authUri: string;
  tokenUri: string;
  revocationUri: string;
  introspectionUri: string;
  controlUri: string;
  /** Makes a grant for a client as if a person had consented. */
  mintGrant(clientId: string): Promise<MintedGrant>;
  /** Stops listening and destroys open connections. */
  close(): Promise<void>;
}

/** Starts a provider on 127.0.0.1 and resolves when it answers; rejects when the port is taken. */
export async function startOpenIdProvider(options: ProviderOptions = {}): Promise<OpenIdProvider> {
  const { port = 0, accessTokenSeconds = 3600, clientAuthMethods, onTokenRequest = () => {} } = options;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  // The address and not `localhost`: that name may lead to ::1, where nobody listens, and as a host of its own the provider
  // shares no cookies with a service on localhost, just as in life.
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const storage = new ProviderStorage();
  const records = new Map<string, ClientRecord>();
  const newRecord = () =>
    newClientRecord({ access_token_seconds: accessTokenSeconds, rotate: true, reuse_window_seconds: 0 });
  const recordOf = (clientId: string) => records.get(clientId) ?? newRecord();
  const control = clientControl(issuer + ROUTES.registration, storage, recordOf, (clientId) => records.has(clientId));

  const provider = buildProvider(issuer, storage, recordOf, clientAuthMethods)
    .on("registration_create.success", (_ctx, client) => void records.set(client.clientId, newRecord()))
    .use(providerControl(control))
    .use(tokenFaults(ROUTES.token, recordOf, onTokenRequest));
  server.on("request", provider.callback());

  return {
    ...control,
    issuer,
    authUri: issuer + ROUTES.authorization,
    tokenUri: issuer + ROUTES.token,
    revocationUri: issuer + ROUTES.revocation,
    introspectionUri: issuer + ROUTES.introspection,
    controlUri: `${issuer}/control/clients`,
    mintGrant: (clientId) => mintGrant(provider, clientId),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function settingsIn({ access_token_seconds, rotate, reuse_window_seconds }: ClientSettings): ClientSettings {
  return { access_token_seconds, rotate, reuse_window_seconds };
}

function clientControl(
  registrationUri: string,
  storage: ProviderStorage,
  recordOf: (clientId: string) => ClientRecord,
  hasClient: (clientId: string) => boolean,
): ClientControl {
  const changeClient: ClientControl["changeClient"] = (clientId, changes) => {
    const record = recordOf(clientId);
    const { access_token_seconds, rotate, reuse_window_seconds, ...others } = { ...settingsIn(record), ...changes };
    if (!Number.isSafeInteger(access_token_seconds) || access_token_seconds < 1) {
      throw new RangeError("access_token_seconds must be a positive integer");
    }
    if (!Number.isSafeInteger(reuse_window_seconds) || reuse_window_seconds < 0) {
      throw new RangeError("reuse_window_seconds must be a whole number");
    }
    const settings = { access_token_seconds, rotate, reuse_window_seconds };
    Object.assign(record, settings);
    storage.changeClient(clientId, others);
    return settings;
  };

  return {
    hasClient,
    changeClient,
    registerClient: async ({ redirect_uris = [], token_endpoint_auth_method, grant_types, jwks, ...settings }) => {
      const response = await fetch(registrationUri, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          redirect_uris,
          token_endpoint_auth_method: token_endpoint_auth_method ?? "client_secret_post",
          grant_types: grant_types ?? ["authorization_code", "refresh_token"],
          // Where nobody consents, nobody comes back.
          ...(grant_types !== undefined && { response_types: [] }),
          jwks,
        }),
      });
      const answer = (await response.json()) as Partial<ClientCredentials>;
      const { client_id, client_secret = "" } = answer;
      if (client_id === undefined) throw new Error(`registration refused: ${JSON.stringify(answer)}`);
      changeClient(client_id, settings);
      return { client_id, client_secret };
    },
    setFault: (clientId, fault) => {
      Object.assign(recordOf(clientId), { fault, timesLeft: fault?.times ?? Infinity });
    },
    release: (clientId) => {
      const record = recordOf(clientId);
      record.held.abort();
      record.held = new AbortController();
    },
    calls: (clientId) => {
      const { calls, mostInFlight } = recordOf(clientId);
      return { token_requests: calls, most_in_flight: mostInFlight };
    },
    revokeGrants: (clientId) => storage.revokeClient(clientId),
  };
}
