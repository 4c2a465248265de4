/**
 * Vectors: what providers send and expect, and how what they say becomes settings of this service. A vector says what is configured in names
 * of its own (`client_config`); what it leaves to the reader is in the provider's preset, or in what the request must look like.
 */

import type { Flavour } from "../../src/domain/oauth2/flavour.ts";
import type { Preset } from "../../src/domain/oauth2/preset.ts";
import { type OAuth2Registration, registrationOf } from "../../src/domain/oauth2/registration.ts";
import { flavourSchema } from "../../src/jsonapi/flavour.ts";
import { allPresets, findPreset } from "../../src/providers/presets.ts";

export interface Vector {
  id: string;
  provider: string;
  stage: "code_exchange" | "upgrade" | "refresh" | "client_credentials" | "jwt_bearer";
  fixed_now: string;
  client_config: Record<string, unknown>;
  request_expectation: Expectation;
  response_status: number;
  response_headers: Record<string, string>;
  response_body: string;
  expected_outcome: Outcome;
}

export interface Expectation {
  method: "POST" | "GET";
  content_type: string | null;
  auth_placement: string;
  required_params: string[];
  required_headers: Record<string, string>;
  forbidden_params: string[];
  url?: string;
}

export interface Outcome {
  result: "tokens" | "error";
  access_token?: string;
  refresh_token?: string | null;
  expires_at?: string | null;
  expiry_source?: string;
  scope?: string[] | null;
  extra?: Record<string, unknown>;
  warn?: string;
  error_class?: string;
  provider_code?: string;
  retry_after_seconds?: number;
  ambiguous?: boolean;
}

/** Made up, with characters that must survive every encoding. */
export const CLIENT = { client_id: "a:b c", client_secret: "p%/+=ü" };

/** Names of settings in vectors, and ours. */
const NAMES: Record<string, keyof Flavour> = {
  auth: "client_auth",
  body: "body_format",
  extra_token_params: "token_params",
  extra_refresh_params: "refresh_params",
  extra_authorize_params: "authorize_params",
  expires_in_unit: "expires_unit",
  response_roots: "response_root",
};
const UNITS: Record<string, string> = {
  seconds: "s",
  milliseconds: "ms",
  epoch_seconds: "epoch",
  epoch_milliseconds: "epoch_ms",
  RFC3339: "rfc3339",
};
/** What is a member of the registration itself, or said for the occasion. */
const OF_REGISTRATION = ["token_expires_in", "refresh_token_uri", "token_uri", "auth_uri"] as const;
const FOR_THE_OCCASION = new Set(["provider", "fields", "callback", "refresh_lead_seconds", ...OF_REGISTRATION]);
/** Parameters that the standard has sent: where one is forbidden, it is left out. */
const STANDARD = new Set([
  "grant_type",
  "code",
  "redirect_uri",
  "client_id",
  "client_secret",
  "refresh_token",
  "code_verifier",
]);

/** Providers without a preset, and what their vectors do not say of them. */
const SETTINGS_OF: Record<string, Flavour> = {
  // The client signs the time instead of sending its secret, and an access token is renewed without being sent.
  shopline: {
    refresh_grant_type: "none",
    client_auth: "none",
    omit_params: ["client_id", "grant_type", "refresh_token"],
    expires_field: "expireTime",
    headers: { appkey: "{{client_id}}", timestamp: "{{timestamp}}", sign: "{{signature}}" },
  },
};

/** Finds the preset of a vector's provider, by name or title, with or without what stands around it ("HubSpot v1"). */
export function presetOf({ provider, client_config, request_expectation: { url } }: Vector): [string, Preset] | null {
  if (typeof client_config["provider"] === "string") return named(client_config["provider"]);
  const words = slug(provider).split("-");
  const names = new Map(
    allPresets().flatMap(
      ([name, { title }]) =>
        [
          [name, name],
          [slug(title), name],
        ] as const,
    ),
  );
  for (let length = words.length; length > 0; length--) {
    const name = names.get(words.slice(0, length).join("-")) ?? names.get(words.slice(-length).join("-"));
    const found = name === undefined ? null : named(name);
    if (found !== null && (length === words.length || isAt(found[1], url))) return found;
  }
  return null;
}

/** "Dropbox Sign" is not Dropbox: it is somewhere else. */
function isAt({ token_uri }: Preset, url: string | undefined): boolean {
  return url === undefined || token_uri.includes("{{") || new URL(token_uri).host === new URL(url).host;
}

function named(name: string): [string, Preset] | null {
  const preset = findPreset(name);
  return preset === null ? null : [name, preset];
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/\(.*?\)/g, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** Makes the registration that a vector is about; `place` gives a provider's address one at the scripted server. */
export function registrationFor(vector: Vector, place: (uri: string) => string): OAuth2Registration {
  const preset = presetOf(vector)?.[1] ?? null;
  const { client_config: config, request_expectation: expected, stage } = vector;
  const stated = translated(config);
  const base = preset === null ? (SETTINGS_OF[slug(vector.provider)] ?? {}) : {};
  const implied = preset === null ? impliedBy(expected, stage, { ...base, ...stated }) : {};
  const uris = Object.fromEntries(OF_REGISTRATION.flatMap((name) => (name in config ? [[name, config[name]]] : [])));
  const url = expected.url === undefined ? {} : preset === null ? { token_uri: expected.url } : {};
  const flavour = flavourSchema.parse({ ...implied, ...base, ...stated });
  // Where somebody vouches by a signature, there is no secret.
  const client = stage === "jwt_bearer" ? { client_id: CLIENT.client_id } : CLIENT;
  const own = { ...client, ...url, ...uris, flavour };
  const joined = registrationOf(own, preset, null);
  const upgrade = joined.flavour?.upgrade;
  return {
    ...joined,
    flavour: { ...joined.flavour, upgrade: upgrade && { ...upgrade, uri: place(upgrade.uri) } },
    auth_uri: "https://provider.example/authorize",
    token_uri: place(joined.token_uri || "https://provider.example/token"),
    refresh_token_uri: place(joined.refresh_token_uri || "https://provider.example/token"),
  };
}

function translated(config: Record<string, unknown>): Flavour {
  const flavour: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(config)) {
    const parameter = /^(\w+)_param$/.exec(name)?.[1];
    if (FOR_THE_OCCASION.has(name)) continue;
    if (name === "response_root_fallback") flavour["response_root"] = ["", value].flat();
    else if (name === "map") Object.assign(flavour, fieldNames(value as Record<string, string>));
    else if (parameter !== undefined && parameter !== "code") {
      flavour["param_names"] = { ...(flavour["param_names"] as object), [parameter]: value };
    } else flavour[NAMES[name] ?? name] = typeof value === "string" ? (UNITS[value] ?? value) : value;
  }
  return flavour;
}

function fieldNames({ expires_at, ...names }: Record<string, string>): Flavour {
  return { field_names: names, ...(expires_at !== undefined && { expires_field: expires_at }) };
}

/** Reads from what a request must look like how the client is set up. */
function impliedBy(expected: Expectation, stage: Vector["stage"], known: Flavour): Flavour {
  const stated = expected.required_params.flatMap((each) => {
    const [name = "", ...value] = each.split("=");
    return value.length === 0 || STANDARD.has(name) ? [] : [[name, value.join("=")]];
  });
  const isSecretHidden = expected.auth_placement === "basic";
  const omitted = expected.forbidden_params.filter(
    (name) => STANDARD.has(name) && !(isSecretHidden && name.startsWith("client_")),
  );
  const exchange = exchangeImpliedBy(expected, stage, known);
  const renamed = Object.keys({ ...known.param_names, ...exchange.param_names });
  return {
    ...exchange,
    ...(isSecretHidden && { client_auth: "basic" }),
    ...authenticationImpliedBy(expected),
    ...(expected.method === "GET" && { method: "GET" }),
    ...(expected.content_type === "application/json" && { body_format: "json" }),
    ...(stated.length > 0 && { [stage === "refresh" ? "refresh_params" : "token_params"]: Object.fromEntries(stated) }),
    omit_params: omitted.filter(
      (name) => !renamed.includes(name) && !(known.client_auth !== undefined && name.startsWith("client_")),
    ),
  };
}

/** Where a refresh has a grant type of its own, the access token is what is exchanged, as a parameter of the provider's own. */
function exchangeImpliedBy({ required_params }: Expectation, stage: Vector["stage"], known: Flavour): Flavour {
  const stated = required_params.find((each) => each.startsWith("grant_type="))?.slice("grant_type=".length);
  if (stage !== "refresh" || stated === undefined || stated === "refresh_token") return {};
  const parameter = required_params.find((each) => !each.includes("=") && !STANDARD.has(each));
  const param_names = parameter === undefined ? {} : { refresh_token: parameter };
  return { refresh_grant_type: stated, ...(known.param_names === undefined && { param_names }) };
}

function authenticationImpliedBy({ auth_placement: placement }: Expectation): Flavour {
  if (placement.startsWith("none")) return { client_auth: "none" };
  if (placement.startsWith("bearer")) return { client_auth: "bearer_secret" };
  if (placement.startsWith("client_assertion")) return { client_auth: "private_key_jwt" };
  return placement.includes("user=client_secret") ? { client_auth: "basic_secret_only" } : {};
}

/** Finds what must be said for the variables of a registration, so that a vector's URL comes out; examples of the preset where it states none. */
export function saidIn(vector: Vector): { fields: Record<string, string>; callback: Record<string, string> } {
  const [, preset] = presetOf(vector) ?? [];
  const { fields, callback } = vector.client_config as {
    fields?: Record<string, string>;
    callback?: Record<string, string>;
  };
  const examples = Object.entries(preset?.fields ?? {}).map(([name, { example }]) => [name, example]);
  const found = preset === undefined ? {} : matched(preset, vector);
  const kept = Object.entries(vector.expected_outcome.extra ?? {}).flatMap(([name, value]) =>
    name.startsWith("callback.") ? [[name.slice("callback.".length), String(value)]] : [],
  );
  const of = (prefix: string) =>
    Object.fromEntries(
      Object.entries(found).flatMap(([name, value]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
      ),
    ) as Record<string, string>;
  return {
    fields: { ...Object.fromEntries(examples), ...of("fields."), ...fields },
    callback: { ...of("callback."), ...Object.fromEntries(kept), ...callback },
  };
}

function matched(preset: Preset, { stage, request_expectation: { url } }: Vector): Record<string, string> {
  const template = (stage === "refresh" ? preset.refresh_token_uri : undefined) ?? preset.token_uri;
  const names: string[] = [];
  const pattern = template
    .split(/\{\{([^{}]*)\}\}/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
      names.push(part.trim());
      return "([^/]+?)";
    })
    .join("");
  const values = new RegExp(`^${pattern}$`).exec(url ?? "")?.slice(1) ?? [];
  return Object.fromEntries(
    names.map((name, index) => [name, saidFor(name, values[index], preset)]).filter(([, said]) => said !== undefined),
  ) as Record<string, string>;
}

/** What is said where this is put in: a table has it the other way round. */
function saidFor(name: string, put: string | undefined, { flavour }: Preset): string | undefined {
  const rule = flavour?.hosts?.[name];
  const values = typeof rule === "object" ? Object.entries(rule.values ?? {}) : [];
  return values.find(([, value]) => value === put)?.[0] ?? put;
}
