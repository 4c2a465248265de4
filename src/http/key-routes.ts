/** The keys of auth clients that authenticate by `private_key_jwt`: their public parts for everybody, who may be any provider, and new ones. */

import { createRoute, z } from "@hono/zod-openapi";
import { settingsOf } from "../bindings.ts";
import { hasTokens } from "../domain/auth-client.ts";
import type { AuthClientId } from "../domain/ids.ts";
import { algorithmOf, publicKeys, signsFrom, signsItself, withKey } from "../domain/oauth2/signing-keys.ts";
import { clientPermission, holds, nothingThere } from "../domain/permissions.ts";
import { ServiceError } from "../errors.ts";
import { authClientSchema } from "../jsonapi/auth-client-resource.ts";
import { documentSchema } from "../jsonapi/document.ts";
import { instant } from "../jsonapi/instant.ts";
import { filledRegistration } from "../jsonapi/registration.ts";
import { KEY_SET_TYPE, keySetSchema } from "../jsonapi/signing-keys.ts";
import { findAuthClient, openAuthClient, updateAuthClient } from "../store/auth-clients.ts";
import { failures, json, OF_BODIES, publicFailures } from "./answers.ts";
import { findForChange, writeClient } from "./auth-clients.ts";
import type { App } from "./context.ts";
import { ownId } from "./parameters.ts";
import { type Keys, registrationIn } from "./signing-keys.ts";
import { noteDone } from "./trail.ts";

const params = z.object({ id: ownId<AuthClientId>() });
/** So long caches may keep a key set; a new key rests for longer. */
const KEY_SET_MAX_AGE_SECONDS = 300;

const readKeySet = createRoute({
  tags: ["Auth clients"],
  security: [],
  method: "get",
  path: "/v2/auth-clients/{id}/jwks.json",
  summary: "Read the public keys of an auth client",
  description:
    "For its provider: the keys with which it proves who it is (`private_key_jwt`). Needs no authentication.",
  request: { params },
  responses: {
    200: {
      description: "A JWK set (RFC 7517 5).",
      content: { [KEY_SET_TYPE]: { schema: keySetSchema } },
    },
    ...publicFailures("not_found", "storage_integrity"),
  },
});

const addKey = createRoute({
  tags: ["Auth clients"],
  method: "post",
  path: "/v2/auth-clients/{id}/keys",
  summary: "Make a new key for an auth client",
  description:
    "It is published at once and signs after ten minutes, when no provider can still have the key set of before. Two older keys stay published.",
  request: { params },
  responses: {
    201: json("The auth client.", documentSchema(authClientSchema)),
    ...failures("invalid_document", ...OF_BODIES, "conflict", "storage_integrity"),
  },
});

/** Adds the route that needs no authentication. */
export function addKeySetRoute(app: App): void {
  app.openapi(readKeySet, async (c) => {
    const stored = await findAuthClient(c.env.DB, c.req.valid("param").id);
    if (stored === null || !hasTokens(stored.type)) throw nothingThere();
    const { keys = [] } = registrationIn(await openAuthClient(settingsOf(c.env).cipher, stored));
    if (keys.length === 0) throw nothingThere();
    const headers = { "Content-Type": KEY_SET_TYPE, "Cache-Control": `public, max-age=${KEY_SET_MAX_AGE_SECONDS}` };
    return c.body(JSON.stringify({ keys: publicKeys(keys) }), 200, headers) as never;
  });
}

/** Adds the route by which a key is replaced. */
export function addSigningKeyRoutes(app: App, outside: Keys): void {
  app.openapi(addKey, async (c) => {
    const stored = await findForChange(c, c.req.valid("param").id, "edit");
    const { cipher } = settingsOf(c.env);
    const client = await openAuthClient(cipher, stored);
    const stated = hasTokens(client.type) ? registrationIn(client) : null;
    const { flavour = {} } = stated === null ? {} : filledRegistration(stated, client.metadata ?? null);
    if (stated === null || !signsItself(flavour)) {
      throw new ServiceError("conflict", "This auth client does not authenticate by private_key_jwt.");
    }
    const [newest] = stated.keys ?? [];
    const now = Date.now();
    if (newest !== undefined && signsFrom(newest) > now) {
      const at = instant(signsFrom(newest));
      throw new ServiceError("conflict", `The last key begins to sign at ${at}. Until then no other can be made.`);
    }
    const key = await outside.newSigningKey(algorithmOf(flavour), now);
    const keys = withKey(stated.keys ?? [], key);
    const changed = await updateAuthClient(c.env.DB, cipher, { ...client, credentials: { ...stated, keys } });
    noteDone(c, "signing_key.created", [changed.place], { type: "auth-client", id: changed.id }, changed.version);
    return writeClient(c, 201, changed, holds(c.get("principal"), clientPermission(changed.place.level, "get")));
  });
}
