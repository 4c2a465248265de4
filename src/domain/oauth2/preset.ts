/** A provider's preset: what is known of it from its own documentation. One file each in `providers/`. */

import type { Flavour } from "./flavour.ts";
import type { GrantType } from "./registration.ts";

export interface Preset {
  title: string;
  /** The provider's own page on this. */
  documentation: string;
  /** Absent: `authorization_code`. */
  grant_type?: GrantType | undefined;
  /** Absent where nobody is asked for consent. */
  auth_uri?: string | undefined;
  token_uri: string;
  /** Where it is another than `token_uri`. */
  refresh_token_uri?: string | undefined;
  /** How many seconds a token lives whose answer does not say so. */
  token_expires_in?: number | undefined;
  refresh_lead_seconds?: number | undefined;
  /** What `fields` of a secret must say, because URIs hold it. */
  fields?: Record<string, PresetField> | undefined;
  /** For people: what must be set at the provider. */
  note?: string | undefined;
  flavour?: Flavour | undefined;
}

export interface PresetField {
  title: string;
  example: string;
}
