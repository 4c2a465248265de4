/** Which address a caller counts under. Pure. */

import ipaddr from "ipaddr.js";

/** Where no address is known there is no network between: the caller is on this machine. */
const HERE = "local";
/** What one customer of a network holds (RFC 6177 2), in bytes. */
const SITE_BYTES = 8;

/** Names the caller behind an address: an IPv4 address itself, of an IPv6 address the first 64 bits, as one caller holds all that follow. */
export function callerAddress(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return HERE;
  const known = ipaddr.process(address);
  if (known.kind() === "ipv4") return known.toString();
  const site = known.toByteArray().slice(0, SITE_BYTES);
  return `${site.map((byte) => byte.toString(16).padStart(2, "0")).join("")}/64`;
}
