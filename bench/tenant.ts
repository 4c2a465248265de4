/** What is in the service while it is measured: a tenant with a contract with a workspace, a key of that workspace, auth clients, secrets. */

import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Provider } from "./provider-process.ts";
import type { World } from "./world.ts";

/** The only issuer whose JWTs the service believes. */
export const ISSUER = "https://id.example.com";
export const AUDIENCE = "edge-secrets";
const WORKSPACE = "bench";
const PERMISSIONS = ["workspaces.auth_secret.get", "workspaces.auth_secret.get_credentials"];
const AT_ONCE = 50;

/** How a secret's first token is. */
export interface Imported {
  expiresIn?: number;
  /** Milliseconds since the epoch, instead of `expiresIn`. */
  expiresAt?: number;
}

export class Tenant {
  /** Shows the API key of the workspace. */
  readonly headers: { authorization: string };
  readonly #world: World;
  readonly #provider: Provider;

  private constructor(world: World, provider: Provider, key: string) {
    this.#world = world;
    this.#provider = provider;
    this.headers = { authorization: `Bearer ${key}` };
  }

  /** Makes the places and the key. */
  static async create(world: World, provider: Provider): Promise<Tenant> {
    const make = (path: string, data: object) => post(world, `/v2/${path}`, data);
    const named = (type: string, id: string, parent: object = {}) => ({
      type,
      id,
      attributes: { name: id },
      relationships: parent,
    });
    await make("tenants", named("tenant", "bench-tenant"));
    await make("contracts", named("contract", "bench-contract", related("tenant", "bench-tenant")));
    await make("workspaces", named("workspace", WORKSPACE, related("contract", "bench-contract")));
    const { attributes } = await make("api-keys", {
      type: "api-key",
      attributes: { name: "Steps", permissions: PERMISSIONS },
      relationships: related("workspace", WORKSPACE),
    });
    return new Tenant(world, provider, attributes["key"] as string);
  }

  /** Lets the provider publish a key, and signs a JWT of the workspace with it (ES256). Gives what shows it. */
  async jwtHeaders(): Promise<{ authorization: string }> {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const kid = "bench";
    await this.#provider.set({ jwks: { keys: [{ ...(await exportJWK(publicKey)), kid, alg: "ES256" }] } });
    const jwt = await new SignJWT({ permissions: PERMISSIONS, workspace_id: WORKSPACE })
      .setProtectedHeader({ alg: "ES256", kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject("bench")
      .setExpirationTime("1h")
      .sign(privateKey);
    return { authorization: `Bearer ${jwt}` };
  }

  /** Registers an auth client at the provider. Gives its id. */
  async client(attributes: object = {}): Promise<string> {
    const uri = `${this.#provider.origin}/token`;
    const credentials = { client_id: "a", client_secret: "b", auth_uri: uri, token_uri: uri, refresh_token_uri: uri };
    const made = await post(this.#world, "/v2/auth-clients", {
      type: "auth-client",
      attributes: { type: "oauth2", name: "App", credentials, ...attributes },
      relationships: related("contract", "bench-contract"),
    });
    return made.id;
  }

  /** Imports secrets. Gives their paths. */
  async secrets(client: string, count: number, imported: Imported = { expiresIn: 3600 }): Promise<string[]> {
    const { expiresIn, expiresAt } = imported;
    const expiry =
      expiresAt === undefined ? { expires_in: expiresIn } : { expires_at: new Date(expiresAt).toISOString() };
    const paths: string[] = [];
    const importSome = async (): Promise<void> => {
      while (paths.length < count) {
        const index = paths.push("") - 1;
        const family = crypto.randomUUID();
        const made = await post(this.#world, `/v2/workspaces/${WORKSPACE}/secrets`, {
          type: "auth-secret",
          attributes: {
            name: "Account",
            credentials: { access_token: family.padEnd(200, "t"), refresh_token: `${family}.0`, ...expiry },
          },
          relationships: related("auth-client", client),
        });
        paths[index] = made.links.self;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, importSome));
    return paths;
  }

  /** Reads something with the key of the workspace. */
  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(this.#world.origin + path, { headers: { ...this.headers, ...headers } });
  }
}

/** The path of the workspace's secrets. */
export const SECRETS_PATH = `/v2/workspaces/${WORKSPACE}/secrets`;

interface Resource {
  id: string;
  attributes: Record<string, unknown>;
  links: { self: string };
}

async function post({ origin, rootKey }: World, path: string, data: object): Promise<Resource> {
  const response = await fetch(origin + path, {
    method: "POST",
    headers: { authorization: `Bearer ${rootKey}`, "content-type": "application/json" },
    body: JSON.stringify({ data }),
  });
  if (response.status !== 201) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { data: Resource }).data;
}

function related(type: string, id: string): object {
  return { [type.replace("-", "_")]: { data: { id, type } } };
}
