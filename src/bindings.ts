/** What the platform gives us, parsed once and named once. Everything else takes these values as arguments. */

import { keyedNamesOf, type KeyedNames } from "./crypto/keyed-name.ts";
import { type Keyring, parseKeyring } from "./crypto/keyring.ts";
import { type Cipher, cipherOf } from "./crypto/seal.ts";
import { type JwtIssuer, parseJwtIssuers } from "./domain/jwt-issuer.ts";
import { type EgressPolicy, isLoopback } from "./domain/provider-uri.ts";
import { ServiceError } from "./errors.ts";

/** The bindings of wrangler.toml, its variables, and the Worker's secrets, as they come. */
export interface Env {
  DB: D1Database;
  SECRETS: DurableObjectNamespace;
  JOBS: DurableObjectNamespace;
  BUDGETS: DurableObjectNamespace;
  /** What happened, on its way to the trail. */
  EVENTS: Queue;
  /** How many hundreds of reads a principal may make, how many writes, and how often an address or a key may fail to authenticate. */
  READ_LIMIT?: RateLimit;
  WRITE_LIMIT?: RateLimit;
  FAILURE_LIMIT?: RateLimit;
  /** At least 32 characters; has every permission. */
  ROOT_API_KEY?: string;
  /** A JWK set; the first key seals, all open. */
  ENCRYPTION_KEYS?: string;
  /** Where people and providers reach this service, without a trailing slash. */
  PUBLIC_URL?: string;
  /** Origins that a `return_url` may have, separated by spaces or commas. */
  RETURN_ORIGINS?: string;
  /** Ports of providers besides 443, separated by spaces or commas. */
  EGRESS_ALLOWED_PORTS?: string;
  /** Whose JWTs are believed: a JSON array of `{ issuer, audience, jwks_uri, algorithms }`. */
  JWT_ISSUERS?: string;
  /** `true` lets providers be on this machine; for development alone. */
  ALLOW_LOOPBACK?: string;
  /** How old a copy of a token may be: 0 to 3600, 30 when it is not set. */
  EDGE_CACHE_SECONDS?: string;
  /** For how many days events are kept: 1 to 3650, 90 when it is not set. */
  AUDIT_DAYS?: string;
}

/** The same, checked. */
export interface Settings {
  /** Null when it is shorter than 32 characters or not set: then nobody is root. */
  rootApiKey: string | null;
  /** Every use of it is a `storage_integrity` while there is no usable ring. */
  cipher: Cipher;
  /** Names the keys of the ring, that which seals first. Fails as the cipher does. */
  kids: () => readonly [string, ...string[]];
  /** What copies of tokens are called. Fails as the cipher does. */
  copyNames: KeyedNames;
  /** Null: the origin that the request came to, as long as that is local. */
  publicUrl: string | null;
  returnOrigins: ReadonlySet<string>;
  egress: EgressPolicy;
  /** Each issuer of a name of its own. Empty: no JWT is believed. */
  jwtIssuers: readonly JwtIssuer[];
  /** 0: no copies are kept. */
  edgeCacheSeconds: number;
  /** How long events are kept, in milliseconds. */
  auditMs: number;
}

const DEFAULT_EDGE_CACHE_SECONDS = "30";
const MAX_EDGE_CACHE_SECONDS = 3600;
const DEFAULT_AUDIT_DAYS = "90";
const MAX_AUDIT_DAYS = 3650;
const DAY_MS = 86_400_000;
const ROOT_API_KEY_MIN_LENGTH = 32;
const parsed = new WeakMap<Env, Settings>();

/**
 * Reads the settings of this Worker, once for each environment object.
 * @throws {ServiceError} `internal` when a setting is unusable; the log says which.
 */
export function settingsOf(env: Env): Settings {
  const remembered = parsed.get(env);
  if (remembered !== undefined) return remembered;
  const settings = parseSettings(env);
  parsed.set(env, settings);
  return settings;
}

function parseSettings(env: Env): Settings {
  const publicUrl =
    env.PUBLIC_URL === undefined || env.PUBLIC_URL === "" ? null : parseOrigin("PUBLIC_URL", env.PUBLIC_URL);
  const allowLoopback = env.ALLOW_LOOPBACK === "true";
  if (allowLoopback && publicUrl !== null && !isLoopback(new URL(publicUrl).hostname)) {
    throw misconfigured("ALLOW_LOOPBACK is for local servers alone, and PUBLIC_URL is not local");
  }
  const egress: EgressPolicy = { allowLoopback, ports: parsePorts("EGRESS_ALLOWED_PORTS", env.EGRESS_ALLOWED_PORTS) };
  const jwtIssuers = parseJwtIssuers(env.JWT_ISSUERS ?? "", egress);
  if ("fault" in jwtIssuers) throw misconfigured(`JWT_ISSUERS ${jwtIssuers.fault}`);
  let known: Keyring | undefined;
  const keyring = () => (known ??= parseKeyring(env.ENCRYPTION_KEYS));
  return {
    rootApiKey: (env.ROOT_API_KEY?.length ?? 0) >= ROOT_API_KEY_MIN_LENGTH ? (env.ROOT_API_KEY ?? null) : null,
    cipher: cipherOf(keyring),
    kids: () => {
      const [first, ...others] = keyring();
      return [first.kid, ...others.map(({ kid }) => kid)];
    },
    copyNames: keyedNamesOf(keyring),
    publicUrl,
    returnOrigins: new Set(listed(env.RETURN_ORIGINS).map((origin) => parseOrigin("RETURN_ORIGINS", origin))),
    egress,
    jwtIssuers,
    edgeCacheSeconds: parseWhole("EDGE_CACHE_SECONDS", env.EDGE_CACHE_SECONDS || DEFAULT_EDGE_CACHE_SECONDS, {
      least: 0,
      most: MAX_EDGE_CACHE_SECONDS,
    }),
    auditMs:
      DAY_MS * parseWhole("AUDIT_DAYS", env.AUDIT_DAYS || DEFAULT_AUDIT_DAYS, { least: 1, most: MAX_AUDIT_DAYS }),
  };
}

/**
 * Gives the address that people and providers know this service by.
 * @throws {ServiceError} `internal` when PUBLIC_URL is not set and the request came to a host that is not local.
 */
export function publicUrlFor(settings: Settings, requestUrl: string): string {
  if (settings.publicUrl !== null) return settings.publicUrl;
  const { hostname, origin } = new URL(requestUrl);
  if (!isLoopback(hostname)) throw misconfigured("PUBLIC_URL is not set");
  return origin;
}

/** Refuses a request that reached a development server from elsewhere. @throws {ServiceError} `internal` */
export function refuseForeignHost(settings: Settings, requestUrl: string): void {
  if (!settings.egress.allowLoopback) return;
  const { length } = lastLocalOrigin;
  if (length > 0 && requestUrl.startsWith(lastLocalOrigin) && requestUrl[length] === "/") return;
  const { hostname, origin } = new URL(requestUrl);
  if (!isLoopback(hostname)) {
    throw misconfigured("ALLOW_LOOPBACK is set, and the request came to a host that is not local");
  }
  lastLocalOrigin = origin;
}

/** Most requests come to the host that the one before came to. */
let lastLocalOrigin = "";

function parseOrigin(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || (url.origin !== text && `${url.origin}/` !== text)) {
    throw misconfigured(`${name} must hold origins such as https://secrets.example.com`);
  }
  return url.origin;
}

function parsePorts(name: string, text: string | undefined): ReadonlySet<string> {
  const ports = listed(text);
  if (ports.some((port) => !/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)) {
    throw misconfigured(`${name} must hold ports such as 8443`);
  }
  return new Set(ports);
}

/** Gives what is separated by spaces or commas. */
function listed(text = ""): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== "");
}

function parseWhole(name: string, text: string, { least, most }: { least: number; most: number }): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) < least || Number(text) > most) {
    throw misconfigured(`${name} must be a whole number from ${least} to ${most}`);
  }
  return Number(text);
}

function misconfigured(internal: string): ServiceError {
  return new ServiceError("internal", "This server is not set up correctly.", { internal });
}
