/** The files that pages load from our own origin. A name holds the hash of what is in it, so that browsers keep a file for good. */

import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#3583c9" stroke-width="2.5" stroke-linecap="round"><path d="M20 12a8 8 0 1 1-2.3-5.6"/><path d="M20.5 2.8v4.4h-4.4"/><circle cx="12" cy="12" r="1.6" fill="#3583c9" stroke="none"/></svg>`;

const FILES = {
  "style.css": { type: "text/css; charset=utf-8", text: STYLE },
  "script.js": { type: "text/javascript; charset=utf-8", text: SCRIPT },
  "icon.svg": { type: "image/svg+xml", text: ICON },
};

type Name = keyof typeof FILES;

const known = new Map<Name, string>();

/** Where the files are. */
export const FILES_PATH = "/look/:file";

/** Gives the path of a file, with its hash. */
export function fileName(name: Name): string {
  const remembered = known.get(name);
  if (remembered !== undefined) return remembered;
  const [stem, ending] = name.split(".");
  const path = `/look/${stem}-${hashOf(FILES[name].text)}.${ending}`;
  known.set(name, path);
  return path;
}

/** Makes the answer for a path; null where there is no such file. One of another version gets this one's, to be asked for again. */
export function fileAnswer(path: string): Response | null {
  const [, stem, ending] = /^\/look\/([a-z]+)-[0-9a-z]{1,16}\.([a-z]+)$/.exec(path) ?? [];
  const name = `${stem}.${ending}`;
  if (!Object.hasOwn(FILES, name)) return null;
  const { type, text } = FILES[name as Name];
  const isThis = path === fileName(name as Name);
  return new Response(text, {
    headers: {
      "Content-Type": type,
      "Cache-Control": isThis ? "public, max-age=31536000, immutable" : "no-store",
      "X-Content-Type-Options": "nosniff",
    },
  });
}

/** A quick hash of 53 bits (FNV-1a in two halves): it tells versions of our own files apart, and guards nothing. */
function hashOf(text: string): string {
  let [one, two] = [0x811c9dc5, 0x1000193];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x01000193) >>> 0;
    two = Math.imul(two ^ (unit + at), 0x01000193) >>> 0;
  }
  return (one * 0x200000 + (two & 0x1fffff)).toString(36);
}
