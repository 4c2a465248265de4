/** What the documentation looks like: the quiet language of `end-page`, for a long text. */

import { html } from "hono/html";

/** Makes the one style element of the page. */
export function docsStyle(nonce: string) {
  return html`<style nonce="${nonce}">
    :root {
      color-scheme: light dark;
      --paper: light-dark(#ffffff, #14171b);
      --raised: light-dark(#f4f5f7, #1e2328);
      --ink: light-dark(#1b1f24, #e5e8eb);
      --muted: light-dark(#57606a, #a3adb8);
      --line: light-dark(#d5d9de, #363d45);
      --accent: light-dark(#0b5cad, #79b8ff);
      --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
      font:
        1rem/1.6 system-ui,
        sans-serif;
      background: var(--paper);
      color: var(--ink);
      scroll-padding-top: 1rem;
    }
    * {
      box-sizing: border-box;
    }
    body {
      margin: 0;
      overflow-wrap: anywhere;
    }
    header,
    nav,
    main {
      padding: 0 1rem;
    }
    header {
      padding-top: 2rem;
      max-width: 48rem;
    }
    a {
      color: var(--accent);
      text-underline-offset: 0.15em;
    }
    :focus-visible {
      outline: 3px solid var(--accent);
      outline-offset: 2px;
      border-radius: 2px;
    }
    main:focus {
      outline: none;
    }
    .skip {
      position: absolute;
      left: 1rem;
      top: -4rem;
      padding: 0.5rem 1rem;
      background: var(--paper);
    }
    .skip:focus {
      top: 0.5rem;
    }
    h1,
    h2,
    h3,
    h4,
    h5 {
      line-height: 1.25;
      margin: 0;
    }
    h1 {
      font-size: 1.75rem;
    }
    h2 {
      font-size: 1.5rem;
      margin-top: 3.5rem;
    }
    h3 {
      font-size: 1.125rem;
      font-weight: 600;
      margin-top: 1.5rem;
    }
    h4 {
      font-size: 1rem;
      margin-top: 1.5rem;
    }
    h5 {
      font-size: 0.875rem;
      margin-top: 1rem;
      color: var(--muted);
    }
    p {
      margin: 0.5rem 0 0;
      max-width: 44rem;
    }
    code,
    pre,
    .method {
      font-family: var(--mono);
      font-size: 0.875em;
    }
    pre {
      margin: 0.5rem 0 0;
      padding: 0.75rem;
      overflow-x: auto;
      overflow-wrap: normal;
      background: var(--raised);
      border-radius: 4px;
    }
    .version,
    .type,
    .limit,
    .note,
    .media,
    .parent {
      color: var(--muted);
    }
    .summary {
      font-weight: 600;
    }
    .method {
      font-weight: 600;
    }
    h3 a,
    nav a {
      color: inherit;
      text-decoration: none;
    }
    h3 a:hover,
    nav a:hover {
      color: var(--accent);
      text-decoration: underline;
    }
    nav {
      font-size: 0.875rem;
      margin-top: 1.5rem;
    }
    nav p {
      margin-top: 1.25rem;
      font-weight: 600;
    }
    nav ul,
    .members {
      list-style: none;
      margin: 0;
      padding: 0;
    }
    nav a {
      display: block;
      padding: 0.2rem 0;
    }
    nav .operations a {
      display: grid;
      grid-template-columns: 4.5em 1fr;
    }
    nav .method {
      color: var(--muted);
    }
    section {
      scroll-margin-top: 1rem;
    }
    .operation {
      margin-top: 1.5rem;
      border-top: 1px solid var(--line);
    }
    .operation + .operation {
      margin-top: 2.5rem;
    }
    .members {
      margin-top: 0.5rem;
    }
    .members .members {
      padding-left: 0.75rem;
      border-left: 1px solid var(--line);
    }
    .members > li {
      padding: 0.25rem 0;
    }
    .members p {
      margin-top: 0;
    }
    .members p + p {
      margin-top: 0.25rem;
    }
    .facts {
      max-width: none;
    }
    .facts > * {
      margin-right: 0.15rem;
    }
    .name {
      font-weight: 600;
    }
    .parent {
      display: none;
      font-weight: 400;
    }
    .required {
      font-weight: 400;
    }
    .limit::before {
      content: "· ";
    }
    .response {
      margin-top: 0.25rem;
      padding: 0.25rem 0;
    }
    details.response[open] {
      padding-bottom: 0.75rem;
    }
    summary {
      cursor: pointer;
    }
    .status {
      font-weight: 600;
    }
    @media (min-width: 64rem) {
      header,
      nav,
      main {
        padding: 0 2rem;
      }
      header {
        padding-top: 3rem;
      }
      .columns {
        display: grid;
        grid-template-columns: 22rem minmax(0, 56rem);
        margin-top: 2rem;
      }
      nav {
        position: sticky;
        top: 0;
        max-height: 100vh;
        overflow-y: auto;
        margin: 0;
        padding-bottom: 2rem;
      }
      main > :first-child > h2 {
        margin-top: 0;
      }
      .parent {
        display: inline;
      }
    }
  </style>`;
}
