/**
 * A session of somebody in a browser: what they signed in with, sealed into a cookie. Nothing of it is kept here but, of one that was ended, its
 * fingerprint; and nothing in it is believed but what it says of itself: who it is of is looked up with each request, so that a key that is
 * revoked ends its sessions.
 */

import { base64url } from "jose";
import type { Cipher, RecordIdentity } from "../crypto/seal.ts";
import { digest, sameDigest } from "../domain/digest.ts";

/** What the cookie holds. Instants are milliseconds since the epoch. */
export interface Session {
  /** As an Authorization header would have it. */
  authorization: string;
  startedAt: number;
  usedAt: number;
  /** Stands in every form of the session, and in no other. */
  csrf: string;
}

/** How long a session lives, whatever is done in it. */
export const SESSION_SECONDS = 8 * 60 * 60;
const IDLE_MS = 30 * 60 * 1000;
/** The cookie is written anew at most so often. */
const RENEWED_AFTER_MS = 60 * 1000;
/** Browsers keep 4096 bytes of a cookie, its name and attributes among them. */
const MAX_COOKIE_LENGTH = 3900;
const CSRF_BYTES = 24;

const IDENTITY: RecordIdentity = ["console", "session"];

/** Begins a session. */
export function newSession(authorization: string, now: number): Session {
  const csrf = base64url.encode(crypto.getRandomValues(new Uint8Array(CSRF_BYTES)));
  return { authorization, startedAt: now, usedAt: now, csrf };
}

/** Seals a session as the value of a cookie; null when no browser would keep it, because what they signed in with is too long. */
export async function sealSession(cipher: Cipher, session: Session): Promise<string | null> {
  const sealed = await cipher.seal(IDENTITY, session);
  return sealed.length > MAX_COOKIE_LENGTH ? null : sealed;
}

/** Opens the value of a cookie; null when it is none of ours or the session is over: after 8 hours, or 30 minutes without use. */
export async function openSession(cipher: Cipher, sealed: string, now: number): Promise<Session | null> {
  try {
    const session = await cipher.open<Session>(IDENTITY, sealed);
    const isOver = now >= overAt(session) || now >= session.usedAt + IDLE_MS;
    return isOver ? null : session;
  } catch {
    // Sealed under a key that is no longer in the ring, cut off or made up: sign in again.
    return null;
  }
}

/** Tells sessions apart, also when the cookie was written anew, and says nothing else of them. */
export async function sessionName({ csrf }: Session): Promise<string> {
  return await digest(csrf);
}

/** Gives the moment at which a session is over, whatever is done in it. */
export function overAt({ startedAt }: Session): number {
  return startedAt + SESSION_SECONDS * 1000;
}

/** Notes a use; null when the last one was noted less than a minute ago. */
export function usedSession(session: Session, now: number): Session | null {
  return now < session.usedAt + RENEWED_AFTER_MS ? null : { ...session, usedAt: now };
}

/** Decides whether a form is of this session. */
export async function isOfSession({ csrf }: Session, sent: string): Promise<boolean> {
  return sameDigest(await digest(csrf), await digest(sent));
}
