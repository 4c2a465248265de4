/**
 * Which URIs of a provider this service will ever call. Asked when a client is saved and again at every call.
 * Sees only the text of the URI: what a name resolves to is not known here.
 */

import ipaddr from "ipaddr.js";

export interface EgressPolicy {
  /** Allows http and any port on this machine's own addresses; for development alone. */
  allowLoopback: boolean;
  /** Ports of public hosts besides 443, as digits; all of them, where somebody else judges that. */
  ports?: ReadonlySet<string> | "all";
}

/** Lets pass what any policy could. */
export const LOOSEST: EgressPolicy = { allowLoopback: true, ports: "all" };

/** Names that mean something in one network alone; nobody can register one (RFC 6761, RFC 8375, and ICANN's list of collisions). */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|localdomain|home\.arpa|lan|corp|home|intranet|private|svc)$/;

/** What clouds tell their own machines: of a public form, and reached from inside. */
const OF_CLOUDS = new Set(["168.63.129.16", "metadata.goog", "metadata.tencentyun.com"]);

/** Says what is wrong with a provider's URI as the end of a sentence ("must …"), or null when it may be called. */
export function providerUriFault(uri: string, policy: EgressPolicy): string | null {
  const { ports } = policy;
  const url = URL.parse(uri);
  if (url === null) return "must be an absolute URI";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  if (url.hash !== "" || uri.includes("#")) return "must not have a fragment";

  const host = url.hostname.replace(/\.+$/, "");
  const loopback = isLoopback(host);
  if (loopback && policy.allowLoopback && (url.protocol === "http:" || url.protocol === "https:")) return null;
  if (url.protocol !== "https:") return "must use https";
  if (url.port !== "" && ports !== "all" && ports?.has(url.port) !== true)
    return `must use port ${["443", ...(ports ?? [])].join(" or ")}`;
  if (loopback || !isPublicHost(host)) return "must name a public host";
  return null;
}

/** The same for a URI that may hold variables, whatever is put in for them. */
export function templateUriFault(uri: string, policy: EgressPolicy): string | null {
  return providerUriFault(uri.replaceAll(/\{\{[^{}]*\}\}/g, "a.example"), policy);
}

/** Decides whether a host, as the URL parser writes it, is this machine's own. */
export function isLoopback(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return true;
  const address = parseAddress(hostname);
  return address?.range() === "loopback";
}

function isPublicHost(host: string): boolean {
  if (OF_CLOUDS.has(host)) return false;
  const address = parseAddress(host);
  if (address !== null) return address.range() === "unicast" && (address.kind() === "ipv4" || isGivenOut(address));
  return host.includes(".") && !host.includes("..") && !LOCAL_NAME.test(host);
}

/** Decides whether an IPv6 address lies in 2000::/3, the only part that is given out (RFC 4291 2.4). */
function isGivenOut(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return (address.toByteArray()[0] ?? 0) >> 5 === 1;
}

/** Reads an address literal; an IPv4 address inside an IPv6 one is judged as what it is. */
function parseAddress(host: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  if (!ipaddr.isValid(bare)) return null;
  return ipaddr.process(bare);
}
