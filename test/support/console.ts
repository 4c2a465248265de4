/** Somebody in front of the console: signs in, opens pages, fills in forms as a browser without script would. Runs inside workerd. */

import { env, exports } from "cloudflare:workers";
import { ORIGIN } from "./api.ts";
import { type Holder, newKey } from "./keys.ts";

export interface Page {
  status: number;
  headers: Headers;
  text: string;
  /** Where a redirect leads to, as a path. */
  location: string;
}

/** A form of a page: where it goes, and what stands in it before anybody typed. */
export interface SentForm {
  action: string;
  method: string;
  fields: URLSearchParams;
  buttons: { name: string; value: string; label: string }[];
}

export class Person {
  cookie = "";

  /** Signs in with a key, the root key unless another is given. */
  static async signedIn(key: string = env.ROOT_API_KEY ?? ""): Promise<Person> {
    const person = new Person();
    const { status } = await person.post("/console/sign-in", { key });
    if (status !== 303) throw new Error(`The key was not taken: ${status}`);
    return person;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return await this.#send(
      new Request(ORIGIN + path, { headers: { ...headers, cookie: this.cookie }, redirect: "manual" }),
    );
  }

  /** Opens a page, wherever that leads. */
  async open(path: string): Promise<Page> {
    const page = await this.get(path);
    if (page.status !== 303) return page;
    return await this.open(new URL(page.location, ORIGIN + path).href.replace(ORIGIN, ""));
  }

  async post(
    path: string,
    fields: Record<string, string> | URLSearchParams,
    headers: Record<string, string> = {},
  ): Promise<Page> {
    return await this.#send(
      new Request(ORIGIN + path, {
        method: "POST",
        headers: { origin: ORIGIN, ...headers, cookie: this.cookie },
        body: new URLSearchParams(fields),
        redirect: "manual",
      }),
    );
  }

  /** Fills in a form of a page and sends it. */
  async submit(page: Page, action: string, fields: Record<string, string> = {}): Promise<Page> {
    const form = formsOf(page).find(
      (each) => each.action === action || (!action.includes("?") && each.action.split(/[?#]/)[0] === action),
    );
    if (form === undefined) throw new Error(`The page has no form for ${action}.`);
    for (const [name, value] of Object.entries(fields)) form.fields.set(name, value);
    return await this.post(form.action.split("#")[0] ?? "", form.fields);
  }

  /** Reads the token that stands in every form of this session. */
  async csrf(path = "/console"): Promise<string> {
    const form = formsOf(await this.get(path)).find(({ fields }) => fields.has("csrf"));
    return form?.fields.get("csrf") ?? "";
  }

  async #send(request: Request): Promise<Page> {
    const response = await exports.default.fetch(request);
    const set = response.headers.get("set-cookie");
    if (set !== null) this.cookie = set.split(";")[0] ?? "";
    const location = (response.headers.get("location") ?? "").replace(ORIGIN, "");
    return { status: response.status, headers: response.headers, text: await response.text(), location };
  }
}

/** Reads the forms of a page. */
export function formsOf({ text }: Page): SentForm[] {
  return [...text.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)].map(([, head = "", body = ""]) => {
    const fields = new URLSearchParams();
    for (const [tag] of body.matchAll(/<input[^>]*>/g)) {
      const name = attribute(tag, "name");
      const isOff = /type="(checkbox|radio)"/.test(tag) && !/ checked/.test(tag);
      if (name !== "" && !isOff) fields.append(name, attribute(tag, "value"));
    }
    for (const [, tag = "", typed = ""] of body.matchAll(/<textarea([^>]*)>(.*?)<\/textarea>/gs)) {
      fields.append(attribute(tag, "name"), plain(typed));
    }
    for (const [, tag = "", options = ""] of body.matchAll(/<select([^>]*)>(.*?)<\/select>/gs)) {
      const chosen = /<option([^>]*) selected/.exec(options)?.[1] ?? /<option([^>]*)>/.exec(options)?.[1] ?? "";
      fields.append(attribute(tag, "name"), attribute(chosen, "value"));
    }
    const buttons = [...body.matchAll(/<button([^>]*)>(.*?)<\/button>/gs)].map(([, tag = "", label = ""]) => ({
      name: attribute(tag, "name"),
      value: attribute(tag, "value"),
      label: plain(label),
    }));
    return { action: attribute(head, "action"), method: attribute(head, "method") || "get", fields, buttons };
  });
}

/** Makes an API key of a workspace. */
export async function keyWith(permissions: string[], workspace: string): Promise<Holder> {
  return await newKey(permissions, { level: "workspace", id: workspace });
}

function attribute(tag: string, name: string): string {
  return plain(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

function plain(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
