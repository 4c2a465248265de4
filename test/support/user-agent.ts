/**
 * A tiny browser of plain `fetch` for consent flows: it keeps cookies, follows redirects itself, and submits forms and clicks
 * links as a person would. Runs in Node and in workerd; it runs no scripts and knows no service.
 */

import { CookieJar } from "./cookie-jar.ts";
import { readPage, unopenedPage } from "./page.ts";
import type { Form, Page } from "./page.ts";

export type { Form, Link, Page } from "./page.ts";

export interface UserAgentOptions {
  /** Sends a request; must not follow redirects, which `request.redirect` says as well. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
}

export interface VisitOptions {
  /** Stops before the first redirect target it accepts, which is then the page's `url`, with status 0. */
  until?: ((url: URL) => boolean) | undefined;
}

export interface SubmitOptions extends VisitOptions {
  /** Chooses among several forms; the page's first when left out. */
  form?: ((form: Form) => boolean) | undefined;
}

interface Visit {
  method: string;
  url: URL;
  body?: URLSearchParams | undefined;
  /** The page the person leaves by this; undefined for a typed address. */
  from?: URL;
}

const CONTINUE = "Continue to";
const MOST_REDIRECTS = 20;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A browser with its own cookies; one for each person of a test. */
export class UserAgent {
  readonly cookies: CookieJar = new CookieJar();
  readonly #fetch: (request: Request) => Promise<Response>;

  constructor(options: UserAgentOptions = {}) {
    this.#fetch = options.fetch ?? ((request) => fetch(request));
  }

  /** Opens an address as if typed and follows it to a page. */
  get(url: string | URL, options: VisitOptions = {}): Promise<Page> {
    return this.#visit({ method: "GET", url: new URL(url) }, options);
  }

  /** Clicks the first link whose text contains `text`; throws when there is none. */
  click(page: Page, text: string, options: VisitOptions = {}): Promise<Page> {
    const link = page.links.find((candidate) => candidate.text.includes(text));
    if (link === undefined) throw new Error(`no link "${text}" on ${page.url}`);
    return this.#visit({ method: "GET", url: new URL(link.href), from: new URL(page.url) }, options);
  }

  /** Sends a form with `values` in place of or beside what it holds; throws when the page has no such form. */
  submit(page: Page, values: Record<string, string> = {}, options: SubmitOptions = {}): Promise<Page> {
    const { form: isWanted = () => true } = options;
    const form = page.forms.find((candidate) => isWanted(candidate));
    if (form === undefined) throw new Error(`no such form on ${page.url}`);
    const url = new URL(form.action);
    const body = new URLSearchParams({ ...form.fields, ...values });
    const from = new URL(page.url);
    if (form.method === "POST") return this.#visit({ method: "POST", url, body, from }, options);
    url.search = body.toString();
    return this.#visit({ method: "GET", url, from }, options);
  }

  async #visit(visit: Visit, { until }: VisitOptions): Promise<Page> {
    const redirects: string[] = [];
    let { method, url, body } = visit;
    for (;;) {
      const response = await this.#send({ ...visit, method, url, body });
      const location = response.headers.get("location");
      if (!REDIRECTS.has(response.status) || location === null) return readPage(url, response, redirects);

      await response.body?.cancel();
      if (redirects.push(url.href) > MOST_REDIRECTS)
        throw new Error(`more than ${MOST_REDIRECTS} redirects: ${url.href}`);
      url = new URL(location, url);
      if (response.status < 307) {
        method = "GET";
        body = undefined;
      }
      if (until?.(url)) return unopenedPage(url, redirects);
    }
  }

  async #send({ method, url, body, from }: Visit): Promise<Response> {
    const headers = new Headers({ accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
    const cookie = this.cookies.headerFor(url, { initiator: from?.hostname, method });
    if (cookie !== "") headers.set("cookie", cookie);
    if (method === "POST" && from !== undefined) headers.set("origin", from.origin);
    const response = await this.#fetch(new Request(url, { method, headers, body: body ?? null, redirect: "manual" }));
    this.cookies.store(url, response.headers.getSetCookie());
    return response;
  }
}

/** Opens a connect_url and goes on to the provider from the page that says who asks. Gives the last page where it is the end. */
export async function openConnectUrl(
  agent: UserAgent,
  connectUrl: string,
  { until }: VisitOptions = {},
): Promise<Page> {
  const question = await agent.get(connectUrl);
  const canGoOn = question.links.some(({ text }) => text.includes(CONTINUE));
  return canGoOn ? await agent.click(question, CONTINUE, { until }) : question;
}

export interface ConsentOptions extends VisitOptions {
  /** Who signs in; every name is an account. */
  login?: string | undefined;
  /** Presses cancel on the first page that asks something. */
  abort?: boolean | undefined;
}

/** Walks from a connect_url through oidc-provider's own login and consent pages as a person would and returns the page the person ends on. */
export async function signInAndConsent(
  agent: UserAgent,
  connectUrl: string,
  options: ConsentOptions = {},
): Promise<Page> {
  const { login = "person", abort = false, until } = options;
  const form = ({ fields }: Form): boolean => fields["prompt"] === "login" || fields["prompt"] === "consent";
  let page = await openConnectUrl(agent, connectUrl, { until });
  for (let question = page.forms.find(form); question !== undefined; question = page.forms.find(form)) {
    if (abort) return agent.click(page, "Cancel", { until });
    const values: Record<string, string> = question.fields["prompt"] === "login" ? { login, password: "any" } : {};
    page = await agent.submit(page, values, { until, form });
  }
  return page;
}
