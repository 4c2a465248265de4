/** What each secret of a client has to say of itself, because a URI or an assertion holds it as `{{fields.…}}`. Pure. */

import type { OAuth2Registration } from "./registration.ts";
import { variablesIn } from "./variables.ts";

/** A member of a secret's `fields`. */
export interface Field {
  name: string;
  /** Whether nothing works without it. */
  required: boolean;
}

const PREFIX = "fields.";

/** Lists what secrets of a client say in their `fields`, each name once. */
export function fieldsOf({ auth_uri, token_uri, refresh_token_uri, flavour = {} }: OAuth2Registration): Field[] {
  const { hosts = {}, revoke_uri = "", introspect_uri = "", upgrade, assertion = {}, client_assertion = {} } = flavour;
  const needed = [auth_uri, token_uri, refresh_token_uri].flatMap(variablesIn);
  const others = [revoke_uri, introspect_uri, upgrade?.uri, ...Object.values({ ...client_assertion, ...assertion })];
  const said = [...others, ...Object.values(assertion.claims ?? {})].filter((each) => typeof each === "string");
  return [...new Set([...needed, ...said.flatMap(variablesIn)])]
    .filter((variable) => variable.startsWith(PREFIX))
    .map((variable) => {
      const rule = Object.hasOwn(hosts, variable) ? hosts[variable] : undefined;
      const hasDefault = typeof rule === "object" && rule.default !== undefined;
      return { name: variable.slice(PREFIX.length), required: needed.includes(variable) && !hasDefault };
    });
}
