/** What a file of `providers/` may hold, and how its parts have to go together. Tests hold each file to it; nothing asks at run time. */

import { z } from "@hono/zod-openapi";
import type { Flavour } from "../domain/oauth2/flavour.ts";
import type { Preset } from "../domain/oauth2/preset.ts";
import { GRANT_TYPES } from "../domain/oauth2/registration.ts";
import { filledUri, unfilledIn, variablesIn } from "../domain/oauth2/variables.ts";
import { LOOSEST, providerUriFault, templateUriFault } from "../domain/provider-uri.ts";
import type { Problem } from "../errors.ts";
import { flavourSchema } from "./flavour.ts";
import { pointerTo, problemsOf } from "./problems.ts";
import { uriSchema } from "./registration-uri.ts";

/** Matches what presets are called: that is the name of their file. */
export const PRESET_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const MOST_SECONDS = 30 * 24 * 60 * 60;
const PUBLIC = { allowLoopback: false };

const text = z.string().trim().min(1);
/** What `uriSchema` would refuse is left to it. */
const publicUri = uriSchema.superRefine((uri, context) => {
  const fault = templateUriFault(uri, PUBLIC);
  if (fault !== null && templateUriFault(uri, LOOSEST) === null) {
    context.addIssue({ code: "custom", message: fault });
  }
});
/** A page may have a place in it. */
const pageUri = z
  .string()
  .max(500)
  .superRefine((uri, context) => {
    const fault = providerUriFault(uri.replace(/#.*$/, ""), PUBLIC);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  });
const fieldName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "must be 1 to 64 of A-Z, a-z, 0-9, _ and -" });

/** A preset, member by member, in the order in which they stand in a file. */
export const presetSchema = z.strictObject({
  title: text.max(60),
  documentation: pageUri,
  grant_type: z.enum(GRANT_TYPES).optional(),
  auth_uri: publicUri.optional(),
  token_uri: publicUri,
  refresh_token_uri: publicUri.optional(),
  token_expires_in: z.int().min(1).max(MOST_SECONDS).optional(),
  refresh_lead_seconds: z.int().min(1).max(MOST_SECONDS).optional(),
  fields: z.record(fieldName, z.strictObject({ title: text.max(100), example: text.max(100) })).optional(),
  note: text.max(300).optional(),
  flavour: flavourSchema.optional(),
});

const MEMBERS = Object.keys(presetSchema.shape);

/** Finds everything that is wrong with a preset; pointers are into its file. */
export function presetProblems(sent: unknown): Problem[] {
  const { data, error } = presetSchema.safeParse(sent);
  if (error !== undefined) return problemsOf(error);
  const found = [...memberProblems(data, Object.keys(sent as object)), ...fieldProblems(data), ...uriProblems(data)];
  return found.map(([path, detail]) => ({ detail, pointer: pointerTo(path) }));
}

type Found = [path: string[], detail: string];

function memberProblems({ grant_type, auth_uri, token_uri, refresh_token_uri }: Preset, order: string[]): Found[] {
  const found: Found[] = [];
  const asIs = MEMBERS.filter((member) => order.includes(member));
  const misplaced = order.find((member, index) => member !== asIs[index]);
  if (misplaced !== undefined) found.push([[misplaced], `The members must stand in this order: ${asIs.join(", ")}.`]);
  if (auth_uri === undefined && (grant_type ?? "authorization_code") === "authorization_code") {
    found.push([["auth_uri"], '"auth_uri" is required.']);
  }
  if (refresh_token_uri === token_uri) found.push([["refresh_token_uri"], 'It is that of "token_uri": leave it out.']);
  return found;
}

/** Every URI, where it stands. */
function urisOf({ auth_uri, token_uri, refresh_token_uri, flavour }: Preset): [path: string[], uri: string][] {
  const own = Object.entries({ auth_uri, token_uri, refresh_token_uri }).map(([name, uri]) => ({ path: [name], uri }));
  const { revoke_uri, introspect_uri, upgrade } = flavour ?? {};
  const settings = Object.entries({ revoke_uri, introspect_uri });
  const ofFlavour = [
    ...settings.map(([name, uri]) => ({ path: ["flavour", name], uri })),
    { path: ["flavour", "upgrade", "uri"], uri: upgrade?.uri },
  ];
  return [...own, ...ofFlavour].flatMap(({ path, uri }) => (uri === undefined ? [] : [[path, uri]]));
}

function variablesOfUris(preset: Preset): string[] {
  return [...new Set(urisOf(preset).flatMap(([, uri]) => variablesIn(uri)))];
}

function variablesOfAssertions({ assertion, client_assertion }: Flavour): string[] {
  const said = [assertion, assertion?.claims, client_assertion].flatMap((each) => Object.values(each ?? {}));
  return said.flatMap((value) => (typeof value === "string" ? variablesIn(value) : []));
}

/** Finds variables that nobody is asked for, and what is asked for in vain. */
function fieldProblems(preset: Preset): Found[] {
  const { flavour = {}, fields = {} } = preset;
  const inUris = variablesOfUris(preset);
  const used = new Set([...inUris, ...variablesOfAssertions(flavour)]);
  const isKnown = (name: string) => {
    const [kind, rest] = [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)];
    if (kind === "callback") return flavour.callback_extra?.includes(rest) ?? false;
    return kind !== "fields" || Object.hasOwn(fields, rest);
  };
  const unasked = [...used].filter((name) => !isKnown(name));
  const unusedFields = Object.keys(fields).filter((name) => !used.has(`fields.${name}`));
  const unusedHosts = Object.keys(flavour.hosts ?? {}).filter((name) => !inUris.includes(name));
  return [
    ...unasked.map((name): Found => [
      name.startsWith("callback.") ? ["flavour", "callback_extra"] : ["fields"],
      `"{{${name}}}" is used and not named here.`,
    ]),
    ...unusedFields.map((name): Found => [["fields", name], `"{{fields.${name}}}" is used nowhere.`]),
    ...unusedHosts.map((name): Found => [["flavour", "hosts", name], `"{{${name}}}" is in no URI.`]),
  ];
}

/** Fills in the examples: each must be what `hosts` allow, and what comes of them a URI that may be called. */
function uriProblems(preset: Preset): Found[] {
  const { flavour: { hosts = {} } = {}, fields = {} } = preset;
  const examples = Object.fromEntries(Object.entries(fields).map(([name, { example }]) => [`fields.${name}`, example]));
  const unruled = variablesOfUris(preset).filter((name) => !Object.hasOwn(hosts, name));
  const refused = Object.keys(examples).filter(
    (name) => Object.hasOwn(hosts, name) && unfilledIn(`{{${name}}}`, hosts, examples).length > 0,
  );
  const faults = urisOf(preset).flatMap(([path, uri]): Found[] => {
    const filled = filledUri(uri, hosts, examples);
    const fault = filled === null ? null : providerUriFault(filled, PUBLIC);
    return fault === null ? [] : [[path, `With the examples filled in it ${fault}.`]];
  });
  return [
    ...unruled.map((name): Found => [["flavour", "hosts"], `"{{${name}}}" is in a URI and not named here.`]),
    ...refused.map((name): Found => [
      ["fields", name.slice("fields.".length), "example"],
      'It is not what "hosts" allow.',
    ]),
    ...faults,
  ];
}
