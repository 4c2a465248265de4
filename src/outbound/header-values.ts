/** What the variables in the headers of a flavour stand for, at one request. */

import { flavourFor } from "../domain/oauth2/flavour.ts";
import type { OAuth2Registration } from "../domain/oauth2/registration.ts";
import type { HeaderValues } from "../domain/oauth2/shape.ts";

/** Works out what variables in headers stand for; a signature only where one is wanted. */
export async function headerValues(registration: OAuth2Registration, kind: string, now: number): Promise<HeaderValues> {
  const { headers = {} } = flavourFor(registration.flavour, kind);
  const timestamp = String(now);
  const isSigned = Object.values(headers).some((value) => value.includes("{{signature}}"));
  const { client_id, client_secret: secret = "" } = registration;
  // No key is made of an empty secret.
  const signature = isSigned && secret !== "" ? await hmac(secret, timestamp) : "";
  return { client_id, uuid: crypto.randomUUID(), timestamp, signature };
}

async function hmac(secret: string, text: string): Promise<string> {
  const bytes = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, bytes.encode(text));
  return [...new Uint8Array(signature)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
