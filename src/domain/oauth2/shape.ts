/** Shapes a conforming token request into what a provider's flavour wants on the wire. Pure: what changes with every request comes in. */

import { type Flavour, flavourFor } from "./flavour.ts";
import type { TokenRequest } from "./request.ts";

/** A request as the standard has it, with the client's authentication in it. */
export interface FormedRequest {
  uri: string;
  headers: Record<string, string>;
  params: URLSearchParams;
}

/** What is sent. */
export interface WireRequest {
  uri: string;
  method: "POST" | "GET";
  headers: Record<string, string>;
  body: string | null;
}

/** What the variables of headers stand for. */
export interface HeaderValues {
  client_id: string;
  uuid: string;
  /** Milliseconds since the epoch. */
  timestamp: string;
  /** HMAC-SHA256 of that under the client secret, in hexadecimal. */
  signature: string;
}

/** Applies the request settings of a flavour: what is added, left out, renamed, and in which form it goes. */
export function shapeRequest(request: TokenRequest, formed: FormedRequest, values: HeaderValues): WireRequest {
  const flavour = flavourFor(request.registration.flavour, request.kind);
  const params = new URLSearchParams(formed.params);
  const set = (members: Record<string, string> = {}) => {
    for (const [name, value] of Object.entries(members)) params.set(name, value);
  };

  if (request.kind === "refresh") {
    if (flavour.refresh_grant_type !== undefined) params.set("grant_type", flavour.refresh_grant_type);
    if (flavour.refresh_with_scope === true) set(scopeParam(request, flavour.scope_separator));
    set(flavour.refresh_params);
  } else if (request.kind === "upgrade") {
    params.set("grant_type", flavour.upgrade?.grant_type ?? "");
  } else {
    if (request.kind !== "code_exchange" && !saysScope(flavour)) set(scopeParam(request, flavour.scope_separator));
    set(flavour.token_params);
  }
  if (flavour.also_send_client_id === true) params.set("client_id", request.registration.client_id);
  for (const name of flavour.omit_params ?? []) params.delete(name);

  const named = namedParams(params, flavour);
  const headers = headersOf(formed, flavour, values);
  if (flavour.method === "GET") return { uri: withQuery(formed.uri, named), method: "GET", headers, body: null };
  const isJson = flavour.body_format === "json";
  headers["content-type"] = isJson ? "application/json" : FORM;
  const body = isJson ? JSON.stringify(Object.fromEntries(named)) : new URLSearchParams(named).toString();
  return { uri: formed.uri, method: "POST", headers, body };
}

/** An assertion that says the scope itself needs no parameter for it (RFC 7521 4.1). */
function saysScope({ assertion }: Flavour): boolean {
  return Object.values(assertion?.claims ?? {}).some((claim) => claim.includes("{{scope}}"));
}

/** Applies what of a flavour counts for the provider's other endpoints too: how parameters are called, and its headers. */
export function shapeOtherRequest(flavour: Flavour, formed: FormedRequest, values: HeaderValues): WireRequest {
  const headers = { ...headersOf(formed, flavour, values), "content-type": FORM };
  const body = new URLSearchParams(namedParams(formed.params, flavour)).toString();
  return { uri: formed.uri, method: "POST", headers, body };
}

const FORM = "application/x-www-form-urlencoded;charset=UTF-8";

function namedParams(params: URLSearchParams, { param_names = {} }: Flavour): [string, string][] {
  return [...params].map(([name, value]) => [ownOr(param_names, name), value]);
}

function headersOf(formed: FormedRequest, flavour: Flavour, values: HeaderValues): Record<string, string> {
  const { "content-type": _, ...headers } = lowerCased(formed.headers);
  for (const [name, value] of Object.entries(flavour.headers ?? {}))
    headers[name.toLowerCase()] = filled(value, values);
  return { ...headers, accept: "application/json" };
}

function scopeParam({ scopes = [] }: { scopes?: readonly string[] | undefined }, separator = " "): { scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(separator) };
}

function ownOr(names: Record<string, string>, name: string): string {
  return (Object.hasOwn(names, name) ? names[name] : undefined) ?? name;
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function filled(text: string, values: HeaderValues): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (all, name: string) =>
    Object.hasOwn(values, name) ? values[name as keyof HeaderValues] : all,
  );
}

/** Adds to a query, whose own parameters stay as they are. */
function withQuery(uri: string, params: [string, string][]): string {
  const query = new URLSearchParams(params).toString();
  if (query === "") return uri;
  return `${uri}${uri.includes("?") ? (/[?&]$/.test(uri) ? "" : "&") : "?"}${query}`;
}
