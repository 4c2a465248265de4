/** The keys of an auth client on the wire: the set that providers fetch (RFC 7517), and what whoever minds the client sees of them. */

import { z } from "@hono/zod-openapi";
import type { SigningKey } from "../domain/oauth2/registration.ts";
import { signsFrom } from "../domain/oauth2/signing-keys.ts";
import { instantSchema } from "./document.ts";
import { instant } from "./instant.ts";

/** The media type of a key set (RFC 7517 8.5.2). */
export const KEY_SET_TYPE = "application/jwk-set+json";

const ofKind = { kid: z.string(), use: z.literal("sig"), alg: z.string() };

/** How a key set is shown: public members alone. */
export const keySetSchema = z
  .strictObject({
    keys: z.array(
      z.union([
        z.strictObject({ kty: z.literal("EC"), crv: z.string(), x: z.string(), y: z.string(), ...ofKind }),
        z.strictObject({ kty: z.literal("RSA"), n: z.string(), e: z.string(), ...ofKind }),
      ]),
    ),
  })
  .openapi("KeySet");

/** How keys are shown with their client. */
export const signingKeysSchema = z.array(
  z.strictObject({
    kid: z.string(),
    alg: z.string(),
    created_at: instantSchema,
    signs_from: instantSchema.openapi({ description: "From when on it signs, unless it is the only one." }),
  }),
);

/** Shows the keys of a client, and where its provider finds them; nothing where there are none. */
export function shownKeys(publicUrl: string, client: string, keys: readonly SigningKey[] = []) {
  if (keys.length === 0) return {};
  return {
    jwks_uri: `${publicUrl}/v2/auth-clients/${client}/jwks.json`,
    signing_keys: keys.map((key) => ({
      kid: key.kid,
      alg: key.alg,
      created_at: instant(key.created_at),
      signs_from: instant(signsFrom(key)),
    })),
  };
}
