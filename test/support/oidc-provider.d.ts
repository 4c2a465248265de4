/** The part of oidc-provider that the test provider touches, and no more; the package ships no types. */

declare module "oidc-provider" {
  import type { RequestListener, ServerResponse } from "node:http";
  import type { Readable } from "node:stream";

  export interface Client {
    clientId: string;
    jwks?: { keys: object[] };
    grantTypeAllowed(grantType: string): boolean;
  }

  export interface Context {
    readonly method: string;
    readonly path: string;
    readonly oidc: { client: Client; params: Record<string, unknown> };
    readonly res: ServerResponse;
    req: Readable;
    status: number;
    type: string;
    body: unknown;
    respond?: boolean;
    get(header: string): string;
    set(header: string, value: string): void;
  }

  export type Middleware = (ctx: Context, next: () => Promise<void>) => Promise<void>;

  export interface Payload {
    [member: string]: unknown;
  }

  export interface Adapter {
    upsert(id: string, payload: Payload): Promise<void>;
    find(id: string): Promise<Payload | undefined>;
    findByUid(uid: string): Promise<Payload | undefined>;
    findByUserCode(userCode: string): Promise<Payload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  /** What is issued; saving gives its value, or its id. */
  interface Model {
    save(): Promise<string>;
  }

  interface IssuedTo {
    accountId: string;
    client: Client;
    grantId: string;
    gty: string;
    scope: string;
  }

  type Ttl = number | ((ctx: Context, token: unknown, client: Client) => number);

  export interface Configuration {
    adapter: (model: string) => Adapter;
    claims: Record<string, string[]>;
    clientAuthMethods?: string[];
    clientBasedCORS: () => boolean;
    clientDefaults: Record<string, unknown>;
    cookies: { keys: string[] };
    expiresWithSession: () => Promise<boolean>;
    features: Record<
      string,
      {
        enabled: boolean;
        allowedPolicy?: (ctx: Context, client: Client, token: { clientId: string }) => Promise<boolean>;
      }
    >;
    findAccount: (ctx: Context, sub: string) => Promise<{ accountId: string; claims: () => Promise<Payload> }>;
    issueRefreshToken: (ctx: Context, client: Client) => Promise<boolean>;
    jwks: { keys: object[] };
    pkce: { required: () => boolean };
    renderError: (ctx: Context, out: Record<string, string>) => Promise<void> | void;
    rotateRefreshToken: (ctx: Context) => boolean;
    routes: Record<string, string>;
    scopes: string[];
    ttl: Record<string, Ttl>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Configuration);
    callback(): RequestListener;
    use(middleware: Middleware): this;
    readonly Client: { find(clientId: string): Promise<Client | undefined> };
    readonly Grant: new (to: { accountId: string; clientId: string }) => Model & { addOIDCScope(scope: string): void };
    readonly ClientCredentials: new (facts: { client: Client; scope: string | undefined }) => Model & {
      readonly expiration: number;
    };
    registerGrantType(name: string, handler: (ctx: Context) => Promise<void>, params: string[]): void;
    readonly AccessToken: new (facts: IssuedTo) => Model;
    readonly RefreshToken: new (facts: IssuedTo) => Model;
    on(event: "registration_create.success", listener: (ctx: Context, client: Client) => void): this;
    on(event: "server_error", listener: (ctx: Context, error: Error) => void): this;
    on(event: "error", listener: (error: Error, ctx: Context) => void): this;
  }
}
