/** The frame of every page: document, landmarks, the way past the navigation. What stands in it is whoever's page it is. */

import { html } from "hono/html";
import type { Child } from "hono/jsx";
import { fileName } from "./files.ts";

/** A page, ready for `c.html`. */
export type Html = ReturnType<typeof html>;

export interface PageProps {
  /** Stands in the tab, before the name of the product. */
  title: string;
  /** One column in the middle, for a page with one thing to do. */
  narrow?: boolean;
  /** Where the name of the product leads to. Null: nowhere, for people who have no business there. */
  home?: string | null;
  /** At the other end of the name's line. */
  aside?: Child;
  /** Below that line, inside the header. */
  tabs?: Child;
  /** What stands in the head of the document besides. */
  head?: Child;
  children?: Child;
}

/** Makes a whole document. */
export function page(props: PageProps): Html {
  return html`<!doctype html>${(<Frame {...props} />)}`;
}

function Frame({ title, narrow = false, home = null, aside, tabs, head, children }: PageProps) {
  const name = (
    <>
      <Mark /> Edge Secrets
    </>
  );
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · Edge Secrets`}</title>
        <link rel="icon" href={fileName("icon.svg")} />
        <link rel="stylesheet" href={fileName("style.css")} />
        <script type="module" src={fileName("script.js")}></script>
        {head}
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="top">
          <div class="bar">
            {home === null ? (
              <span class="brand">{name}</span>
            ) : (
              <a class="brand" href={home}>
                {name}
              </a>
            )}
            {aside === undefined ? null : <div class="end">{aside}</div>}
          </div>
          {tabs === undefined ? null : <div>{tabs}</div>}
        </header>
        <main id="main" tabindex={-1} class={narrow ? "narrow" : undefined}>
          {children}
        </main>
        <p id="said" class="unseen" role="status"></p>
      </body>
    </html>
  );
}

/** The sign of the product: a ring that closes again and again. */
function Mark() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" aria-hidden>
      <path d="M20 12a8 8 0 1 1-2.3-5.6" />
      <path d="M20.5 2.8v4.4h-4.4" />
      <circle cx="12" cy="12" r="1.6" fill="currentColor" stroke="none" />
    </svg>
  );
}
