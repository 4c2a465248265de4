/**
 * A registration as a whole, with what its preset and its issuer fill in: what of it does not go together, and what a change must not do. Pure.
 * Where a client leads cannot change, because whoever may change a client may not see its secrets.
 */

import { type Flavour, flavourFor } from "../domain/oauth2/flavour.ts";
import { isSecretless, type OAuth2Registration } from "../domain/oauth2/registration.ts";
import { variablesIn } from "../domain/oauth2/variables.ts";
import type { Problem } from "../errors.ts";
import { CREDENTIALS_PATH } from "./document.ts";

const FLAVOUR = "/data/attributes/flavour";
const HOSTS = `${FLAVOUR}/hosts`;
const OF_CALLBACK = "callback.";

/** Finds what a registration that was changed lacks. */
export function lacksOf(registration: OAuth2Registration): Problem[] {
  const { flavour = {}, grant_type, client_secret } = registration;
  const isNeeded = grant_type !== "jwt_bearer" && needsSecret(flavour);
  const pointer = `/${[...CREDENTIALS_PATH, "client_secret"].join("/")}`;
  const lacking = isNeeded && client_secret === undefined ? [{ detail: '"client_secret" is required.', pointer }] : [];
  return [...lacking, ...hostProblems(registration)];
}

/** Decides whether a client proves by a secret who it is, in whichever of its requests. */
export function needsSecret(flavour: Flavour | undefined): boolean {
  return ["code_exchange", "refresh", "upgrade"].some((kind) => !isSecretless(flavourFor(flavour, kind)));
}

/** Finds variables in URIs, whoever stated these, that the flavour does not name. */
export function hostProblems(registration: OAuth2Registration): Problem[] {
  const { hosts = {}, callback_extra = [] } = registration.flavour ?? {};
  const used = [...new Set(Object.values(urisOf(registration)).flatMap(variablesIn))];
  const unnamed = used
    .filter((name) => !Object.hasOwn(hosts, name))
    .map((name) => ({
      detail: `A URI of this client holds the variable "${name}", which "hosts" have to allow.`,
      pointer: HOSTS,
    }));
  const unkept = used
    .filter((name) => name.startsWith(OF_CALLBACK) && !callback_extra.includes(name.slice(OF_CALLBACK.length)))
    .map((name) => ({
      detail: `A URI of this client holds the variable "${name}", which "callback_extra" has to keep.`,
      pointer: `${FLAVOUR}/callback_extra`,
    }));
  return [...unnamed, ...unkept];
}

/**
 * Finds what of a change would have an answer read otherwise than it was when there were secrets: another member of it would be shown as the scope, as
 * something else, or as the token of a step.
 */
export function readOtherwise(before: OAuth2Registration, after: OAuth2Registration): Problem[] {
  return [...readingOf(after)].flatMap(([name, said]) =>
    JSON.stringify(said) === JSON.stringify(readingOf(before).get(name))
      ? []
      : [
          {
            detail: `"${name}" cannot be changed once there are secrets: it says what of an answer is a token. Create another auth client.`,
            pointer: `${FLAVOUR}/${name.replace(".", "/")}`,
          },
        ],
  );
}

/** What says where the tokens of an answer are, and who gives it. */
function readingOf({ flavour = {} }: OAuth2Registration): Map<string, unknown> {
  const { refresh, upgrade } = flavour;
  const names = (prefix: string, part: Pick<Flavour, "field_names" | "response_root"> | undefined) =>
    [
      [`${prefix}field_names`, part?.field_names ?? null],
      [`${prefix}response_root`, part?.response_root ?? null],
    ] as const;
  return new Map<string, unknown>([
    ...names("", flavour),
    ...names("refresh.", refresh),
    ...names("upgrade.", upgrade),
    ["upgrade.uri", upgrade?.uri ?? null],
  ]);
}

/** Finds what of a change would send secrets to hosts to which nobody sent them before. */
export function detours(before: OAuth2Registration, after: OAuth2Registration): Problem[] {
  const known = new Set(Object.values(urisOf(before)).map(hostOf));
  const wayward = Object.entries(urisOf(after)).filter(([, uri]) => !known.has(hostOf(uri)));
  const isOpen = (name: string) => JSON.stringify(ruleOf(before, name)) !== JSON.stringify(ruleOf(after, name));
  const widened = new Set(Object.values(urisOf(after)).flatMap(decisiveIn).filter(isOpen));
  return [
    ...wayward.map(([name]) => ({
      detail: `"${name}" cannot lead to a host that this client does not know yet. Create another auth client.`,
      pointer: `${FLAVOUR}/${name.replace(".", "/")}`,
    })),
    ...[...widened].map((name) => ({
      detail: `What "hosts" allow for "${name}" cannot be changed: it says where secrets are sent. Create another auth client.`,
      pointer: HOSTS,
    })),
  ];
}

function urisOf({ auth_uri, token_uri, refresh_token_uri, flavour = {} }: OAuth2Registration): Record<string, string> {
  const { revoke_uri, introspect_uri, upgrade } = flavour;
  const uris = { auth_uri, token_uri, refresh_token_uri, revoke_uri, introspect_uri, "upgrade.uri": upgrade?.uri };
  return Object.fromEntries(
    Object.entries(uris).flatMap(([name, uri]) => (uri === undefined || uri === "" ? [] : [[name, uri]])),
  );
}

/** Gives the host of a URI as it is written, variables and all, without its port. */
function hostOf(uri: string): string {
  return (/^[^:]*:\/\/([^/?#]*)/.exec(uri)?.[1] ?? "").replace(/:\d*$/, "").toLowerCase();
}

/** Lists the variables of a URI that decide whose host it is: those of a host that ends in one. */
function decisiveIn(uri: string): string[] {
  const host = /^[^:]*:\/\/([^/?#]*)/.exec(uri)?.[1] ?? "";
  return /\}\}(:\d*)?$/.test(host) ? variablesIn(host) : [];
}

function ruleOf({ flavour }: OAuth2Registration, name: string): NonNullable<Flavour["hosts"]>[string] | null {
  const { hosts = {} } = flavour ?? {};
  return (Object.hasOwn(hosts, name) ? hosts[name] : undefined) ?? null;
}
