/**
 * What a person sees after a navigation: where they are, the HTML, and the forms and links in it. Reads the plain pages of
 * our console and of oidc-provider with regular expressions; scripts and malformed HTML are beyond it.
 */

export interface Page {
  /** Where the navigation ended, absolute. */
  url: string;
  /** 0 for an address that was reached but not fetched. */
  status: number;
  headers: Headers;
  html: string;
  forms: Form[];
  links: Link[];
  /** The addresses that redirected on the way here, first to last. */
  redirects: string[];
}

export interface Form {
  /** Absolute. */
  action: string;
  method: "GET" | "POST";
  /** What would be sent as the form stands, without its buttons; of equal names the last. */
  fields: Record<string, string>;
}

export interface Link {
  /** Absolute. */
  href: string;
  text: string;
}

const ATTRIBUTES = String.raw`((?:"[^"]*"|'[^']*'|[^"'>])*)`;
const COMMENT = /<!--[\s\S]*?-->/g;
const FORM = new RegExp(String.raw`<form\b${ATTRIBUTES}>([\s\S]*?)</form>`, "gi");
const LINK = new RegExp(String.raw`<a\b${ATTRIBUTES}>([\s\S]*?)</a>`, "gi");
const FIELD = new RegExp(
  String.raw`<input\b${ATTRIBUTES}>|<textarea\b${ATTRIBUTES}>([\s\S]*?)</textarea>|<select\b${ATTRIBUTES}>([\s\S]*?)</select>`,
  "gi",
);
const OPTION = new RegExp(String.raw`<option\b${ATTRIBUTES}>([^<]*)`, "gi");
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;
const NOT_SENT = new Set(["submit", "button", "image", "reset", "file"]);

/** Reads an answer to its end. */
export async function readPage(url: URL, response: Response, redirects: string[]): Promise<Page> {
  const html = await response.text();
  const { status, headers } = response;
  return { url: url.href, status, headers, html, forms: formsIn(html, url), links: linksIn(html, url), redirects };
}

/** Makes the page of an address that the person was sent to but did not open. */
export function unopenedPage(url: URL, redirects: string[]): Page {
  return { url: url.href, status: 0, headers: new Headers(), html: "", forms: [], links: [], redirects };
}

function formsIn(html: string, base: URL): Form[] {
  return [...html.replace(COMMENT, "").matchAll(FORM)].map(([, tag = "", content = ""]) => {
    const attributes = attributesOf(tag);
    return {
      action: new URL(attributes.get("action") || base.href, base).href,
      method: attributes.get("method")?.toLowerCase() === "post" ? "POST" : "GET",
      fields: fieldsIn(content),
    };
  });
}

function fieldsIn(html: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, input, textarea, text = "", select, options = ""] of html.matchAll(FIELD)) {
    const attributes = attributesOf(input ?? textarea ?? select ?? "");
    const name = attributes.get("name");
    if (!name || attributes.has("disabled")) continue;
    if (textarea !== undefined) fields[name] = decode(text);
    else if (select !== undefined) fields[name] = chosenOption(options);
    else if (isSent(attributes)) fields[name] = attributes.get("value") ?? (isBox(attributes) ? "on" : "");
  }
  return fields;
}

function isBox(input: Map<string, string>): boolean {
  return input.get("type") === "checkbox" || input.get("type") === "radio";
}

function isSent(input: Map<string, string>): boolean {
  return isBox(input) ? input.has("checked") : !NOT_SENT.has(input.get("type") ?? "text");
}

function chosenOption(html: string): string {
  const options = [...html.matchAll(OPTION)].map(([, tag = "", text = ""]) => ({
    attributes: attributesOf(tag),
    text: decode(text).trim(),
  }));
  const chosen = options.find(({ attributes }) => attributes.has("selected")) ?? options[0];
  return chosen?.attributes.get("value") ?? chosen?.text ?? "";
}

function linksIn(html: string, base: URL): Link[] {
  return [...html.replace(COMMENT, "").matchAll(LINK)].flatMap(([, tag = "", content = ""]) => {
    const href = URL.parse(attributesOf(tag).get("href") ?? "", base.href)?.href;
    return href === undefined ? [] : [{ href, text: decode(content.replace(/<[^>]*>/g, "")).trim() }];
  });
}

function attributesOf(tag: string): Map<string, string> {
  const pairs = tag.matchAll(ATTRIBUTE);
  return new Map([...pairs].map(([, name = "", a, b, c]) => [name.toLowerCase(), decode(a ?? b ?? c ?? "")]));
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return ENTITIES[name] ?? whole;
  });
}
