/** Who is asking: reads the Authorization header and returns a principal, or says that nobody proved who they are. */

import { digest, sameDigest } from "../domain/digest.ts";
import type { Principal } from "../domain/permissions.ts";
import { GLOBAL } from "../domain/place.ts";
import { ServiceError } from "../errors.ts";
import { findLineage } from "../store/places.ts";
import { keyIdOf, nextMinute, noteUseOf, recognise } from "./api-key.ts";
import { type JwtBearer, looksLikeJwt } from "./jwt.ts";

const ROOT: Identified = { principal: { id: "root", lineage: GLOBAL, permissions: "all" }, until: Infinity };

/** Somebody who proved who they are, and the instant from which they have to do it again. */
export interface Identified {
  principal: Principal;
  /** Milliseconds since the epoch. */
  until: number;
}

/** What it takes to know somebody. */
export interface Register {
  db: D1Database;
  /** Null: nobody is root. */
  rootApiKey: string | null;
  verifyJwt: (token: string) => Promise<JwtBearer>;
  /** Lets a note of the use be written behind the answer. */
  later: (work: Promise<unknown>) => void;
}

/** What an Authorization header holds. The user is null where the scheme has none. */
interface Presented {
  user: string | null;
  secret: string;
}

/**
 * Finds the principal of a request: `Basic base64(email:api_key)` as the platform's clients send it (RFC 7617), or
 * `Bearer api_key` or `Bearer JWT` (RFC 6750).
 * @throws {ServiceError} `unauthenticated`, in a sentence that does not say which part was wrong; `provider_unreachable` when the keys
 * of a JWT's issuer cannot be had.
 */
export async function identify(authorization: string | undefined, register: Register): Promise<Identified> {
  const presented = authorization === undefined ? null : parse(authorization);
  if (presented === null)
    throw new ServiceError("unauthenticated", "This needs an API key, sent as Basic or Bearer authorization.");
  const { user, secret } = presented;
  const { rootApiKey } = register;
  if (rootApiKey !== null && sameDigest(await digest(secret), await digest(rootApiKey))) return ROOT;
  if (user === null && looksLikeJwt(secret)) return await bearerOf(secret, register);
  return await holderOf(secret, user, register);
}

/** Reads which API key an Authorization header claims to be; null when it is none. */
export function keyIdIn(authorization: string): string | null {
  return keyIdOf(parse(authorization)?.secret ?? "");
}

async function holderOf(text: string, user: string | null, { db, later }: Register): Promise<Identified> {
  const key = await recognise(db, text);
  const isOwn = user === null || key?.email == null || user.toLowerCase() === key.email.toLowerCase();
  const lineage = key === null || !isOwn ? null : await findLineage(db, key.place);
  if (key === null || lineage === null) throw new ServiceError("unauthenticated", "This API key is not valid.");
  later(noteUseOf(db, key).catch(() => undefined));
  const ending = key.expiresAt === null ? {} : { keyEndsAt: key.expiresAt };
  const principal = { id: `key:${key.id}`, lineage, permissions: new Set(key.permissions), ...ending };
  // In the next minute there is a use to note again.
  return { principal, until: Math.min(key.expiresAt ?? Infinity, nextMinute(Date.now())) };
}

async function bearerOf(token: string, { db, verifyJwt }: Register): Promise<Identified> {
  const { id, permissions, place, expiresAt } = await verifyJwt(token);
  const lineage = await findLineage(db, place);
  if (lineage === null) {
    throw new ServiceError("unauthenticated", "This JWT is not valid.", { internal: "jwt refused: unknown scope" });
  }
  return { principal: { id, lineage, permissions }, until: expiresAt };
}

function parse(authorization: string): Presented | null {
  const [, scheme, value] = /^(basic|bearer) +([\x21-\x7e]+) *$/i.exec(authorization) ?? [];
  if (scheme === undefined || value === undefined) return null;
  if (scheme.toLowerCase() === "bearer") return { user: null, secret: value };
  try {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
    const [user = "", ...password] = new TextDecoder().decode(bytes).split(":");
    return password.length === 0 ? null : { user, secret: password.join(":") };
  } catch {
    return null;
  }
}
