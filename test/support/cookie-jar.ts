/**
 * The cookies of one browser, by the rules of RFC 6265bis as far as a consent flow meets them: host (ports are shared), path,
 * expiry, Secure, SameSite and the `__Host-` prefix. A site is taken to be a host name, and `Domain` to mean that host.
 */

interface Cookie {
  name: string;
  value: string;
  host: string;
  path: string;
  secure: boolean;
  sameSite: string;
  expiresAt: number;
}

/** What a request is, as far as cookies care. */
export interface CookieUse {
  /** The host whose page or script starts the request; undefined for an address that was typed. */
  initiator?: string | undefined;
  method: string;
}

/** Keeps cookies between requests. */
export class CookieJar {
  #cookies: Cookie[] = [];

  /** Takes in the Set-Cookie lines of an answer; a line that has expired deletes its cookie. */
  store(url: URL, lines: string[], now = Date.now()): void {
    for (const line of lines) {
      const cookie = parseCookie(line, url, now);
      if (cookie === null) continue;
      this.#cookies = this.#cookies.filter((old) => !isSameCookie(old, cookie));
      if (cookie.expiresAt > now) this.#cookies.push(cookie);
    }
  }

  /** Gives the Cookie header for a navigation, longer paths first; empty when there is nothing to send. */
  headerFor(url: URL, use: CookieUse, now = Date.now()): string {
    const sameSite = use.initiator === undefined || use.initiator === url.hostname;
    return this.#cookies
      .filter((cookie) => cookie.host === url.hostname && pathMatches(url.pathname, cookie.path))
      .filter((cookie) => cookie.expiresAt > now && (!cookie.secure || isTrustworthy(url)))
      .filter((cookie) => sameSite || cookie.sameSite === "none" || (cookie.sameSite === "lax" && use.method === "GET"))
      .toSorted((a, b) => b.path.length - a.path.length)
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join("; ");
  }
}

function parseCookie(line: string, url: URL, now: number): Cookie | null {
  const [pair = "", ...rest] = line.split(";");
  const [name, value] = splitPair(pair);
  if (name === "") return null;
  const attributes = new Map(rest.map(splitPair).map(([key, text]) => [key.toLowerCase(), text]));

  const secure = attributes.has("secure");
  if (secure && !isTrustworthy(url)) return null;
  const path = attributes.get("path") ?? "";
  if (name.startsWith("__Host-") && (!secure || path !== "/" || attributes.has("domain"))) return null;
  return {
    name,
    value,
    host: url.hostname,
    path: path.startsWith("/") ? path : defaultPath(url),
    secure,
    sameSite: attributes.get("samesite")?.toLowerCase() || "lax",
    expiresAt: expiry(attributes.get("max-age"), attributes.get("expires"), now),
  };
}

function splitPair(text: string): [string, string] {
  const [name = "", ...value] = text.split("=");
  return [name.trim(), value.join("=").trim()];
}

/** Max-Age wins over Expires; a cookie with neither, or with a date that cannot be read, stays as long as the jar. */
function expiry(maxAge: string | undefined, expires: string | undefined, now: number): number {
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000;
  const date = Date.parse(expires ?? "");
  return Number.isNaN(date) ? Infinity : date;
}

function isSameCookie(a: Cookie, b: Cookie): boolean {
  return a.name === b.name && a.host === b.host && a.path === b.path;
}

function pathMatches(path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);
}

function defaultPath(url: URL): string {
  return url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf("/")));
}

/** Browsers trust loopback as they trust https. */
function isTrustworthy(url: URL): boolean {
  return url.protocol === "https:" || /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}
