/** Verifies JWTs of configured issuers (RFC 7519, by the advice of RFC 8725) and reads from them who asks, for what and where. */

import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import { digest } from "../domain/digest.ts";
import { PLATFORM_ID } from "../domain/ids.ts";
import type { JwtIssuer } from "../domain/jwt-issuer.ts";
import { isPermission, type Permission } from "../domain/permissions.ts";
import { LEVELS, type Place } from "../domain/place.ts";
import { ServiceError } from "../errors.ts";
import { type FetchKeys, keysOf } from "./issuer-keys.ts";

/** What a verified JWT says. */
export interface JwtBearer {
  /** Names the bearer in logs: `jwt:`, the subject, `@` and the issuer without its scheme; visible ASCII of bounded length. */
  id: string;
  permissions: ReadonlySet<Permission>;
  place: Place;
  /** When the token ends, in milliseconds since the epoch. */
  expiresAt: number;
}

const MAX_TOKEN_LENGTH = 8 * 1024;
const THREE_PARTS = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const MAX_LOGGED_SUBJECT_LENGTH = 100;
/** Hexadecimal digits of a digest: 64 bits. */
const MARK_LENGTH = 16;

/** Decides whether a text has the shape of a JWT, which an API key of the form `esk_…` never has. */
export function looksLikeJwt(text: string): boolean {
  return THREE_PARTS.test(text);
}

/**
 * Verifies a JWT: signature, algorithm, `iss`, `aud`, `exp` and `nbf`, with `kid`, `exp` and `sub` required.
 * `permissions` is an array of names or one text with spaces between them; names that are unknown here count for nothing. At most
 * one of `workspace_id`, `contract_id` and `tenant_id` says where; without any it is everywhere.
 * @param fetchKeys Must serve any request of this isolate: an issuer keeps the first one that it gets.
 * @throws {ServiceError} `unauthenticated`, with one sentence whatever was wrong; `provider_unreachable` when the issuer's keys
 * cannot be fetched.
 */
export async function verifyJwt(
  token: string,
  issuers: readonly JwtIssuer[],
  fetchKeys: FetchKeys,
): Promise<JwtBearer> {
  try {
    const issuer = claimedIssuer(token, issuers);
    const { payload } = await jwtVerify(token, keysOf(issuer, fetchKeys), {
      algorithms: [...issuer.algorithms],
      issuer: issuer.issuer,
      audience: issuer.audience,
      requiredClaims: ["exp", "sub"],
      currentDate: new Date(Date.now()),
    });
    return {
      id: await nameOf(payload, issuer),
      permissions: permissionsOf(payload),
      place: placeOf(payload),
      expiresAt: Number(payload.exp) * 1000,
    };
  } catch (error) {
    throw error instanceof ServiceError ? error : refused(reasonOf(error));
  }
}

/** Finds the issuer that the token names. Nothing of the token is believed yet. */
function claimedIssuer(token: string, issuers: readonly JwtIssuer[]): JwtIssuer {
  if (token.length > MAX_TOKEN_LENGTH) throw refused("too long");
  if (!looksLikeJwt(token)) throw refused("not of three parts");
  const { kid } = decodeProtectedHeader(token);
  if (typeof kid !== "string" || kid === "") throw refused("no kid");
  const { iss } = decodeJwt(token);
  const issuer = issuers.find((each) => each.issuer === iss);
  if (issuer === undefined) throw refused("unknown iss");
  return issuer;
}

/** Two subjects never have one name, also where some of a name cannot be written. */
async function nameOf({ sub }: JWTPayload, { issuer }: JwtIssuer): Promise<string> {
  if (typeof sub !== "string" || sub === "") throw refused("sub is no text");
  const written = sub.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, MAX_LOGGED_SUBJECT_LENGTH);
  const mark = written === sub ? "" : `~${(await digest(sub)).slice(0, MARK_LENGTH)}`;
  return `jwt:${written}${mark}@${issuer.replace(/^https?:\/\//, "")}`;
}

function permissionsOf({ permissions = [] }: JWTPayload): ReadonlySet<Permission> {
  const names: unknown = typeof permissions === "string" ? permissions.split(" ") : permissions;
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) throw refused("permissions malformed");
  return new Set(names.filter(isPermission));
}

function placeOf(payload: JWTPayload): Place {
  // A claim that is there but empty or null is refused: taken for absent, it would mean everywhere.
  const [level, ...others] = LEVELS.filter((each) => each !== "global" && Object.hasOwn(payload, `${each}_id`));
  if (level === undefined) return { level: "global" };
  if (others.length > 0) throw refused("more than one scope");
  const id = payload[`${level}_id`];
  if (typeof id !== "string" || !PLATFORM_ID.test(id)) throw refused(`${level}_id malformed`);
  return { level, id } as Place;
}

function refused(reason: string): ServiceError {
  return new ServiceError("unauthenticated", "This JWT is not valid.", { internal: `jwt refused: ${reason}` });
}

/** Says which check failed. jose's messages are left out, as some are made of what was sent. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired)
    return `${error.code} ${error.claim}`;
  if (error instanceof errors.JOSEError) return error.code;
  return error instanceof Error ? error.name : "something that is no Error was thrown";
}
