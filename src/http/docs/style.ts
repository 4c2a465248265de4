/** What the documentation looks like: the language of all pages (`look`), and what a long text needs besides. One element, as it is for one page. */

import { html, raw } from "hono/html";
import { BASE } from "../../look/style.ts";

const DOCS = `
header, nav { padding: 0 1rem; }
header { padding-top: 2rem; max-width: 48rem; }
main { max-width: none; padding-top: 0; }
main > * + * { margin-top: 0; }
h1 { font-size: 1.75rem; }
h2 { font-size: 1.5rem; margin-top: 3.5rem; }
h3 { font-size: 1.125rem; margin-top: 1.5rem; }
h4 { font-size: 1rem; margin-top: 1.5rem; }
h5 { font-size: 0.875rem; margin: 1rem 0 0; color: var(--muted); }
h4, h5 { line-height: 1.25; margin-bottom: 0; }
p, pre { margin-top: 0.5rem; }
.version, .type, .limit, .note, .media, .parent { color: var(--muted); }
.summary, .method, .name, .status { font-weight: 600; }
.method { font-family: var(--mono); font-size: 0.875em; }
h3 a, nav a { color: inherit; text-decoration: none; }
h3 a:hover, nav a:hover { color: var(--accent); text-decoration: underline; }
nav { font-size: 0.875rem; margin-top: 1.5rem; }
nav p { margin-top: 1.25rem; font-weight: 600; }
nav ul, .members { list-style: none; }
nav a { display: block; padding: 0.2rem 0; }
nav .operations a { display: grid; grid-template-columns: 4.5em 1fr; }
nav .method { color: var(--muted); }
section { scroll-margin-top: 1rem; }
main section > section { margin-top: 1.5rem; }
.operation { border-top: 1px solid var(--line); }
.operation + .operation { margin-top: 2.5rem !important; }
.members { margin-top: 0.5rem; }
.members .members { padding-left: 0.75rem; border-left: 1px solid var(--line); }
.members > li { padding: 0.25rem 0; }
.members p { margin-top: 0; }
.members p + p { margin-top: 0.25rem; }
.facts { max-width: none; }
.facts > * { margin-right: 0.15rem; }
.parent { display: none; font-weight: 400; }
.required { font-weight: 400; }
.limit::before { content: "· "; }
.response { margin-top: 0.25rem; padding: 0.25rem 0; }
details.response[open] { padding-bottom: 0.75rem; }
summary { cursor: pointer; }
@media (min-width: 64rem) {
  header, nav { padding: 0 2rem; }
  header { padding-top: 3rem; }
  main { padding-top: 0; }
  .columns { display: grid; grid-template-columns: 22rem minmax(0, 56rem); margin-top: 2rem; }
  nav { position: sticky; top: 0; max-height: 100vh; overflow-y: auto; margin: 0; padding-bottom: 2rem; }
  main > :first-child > h2 { margin-top: 0; }
  .parent { display: inline; }
}
`;

/** Makes the one style element of the page. */
export function docsStyle(nonce: string) {
  return html`<style nonce="${nonce}">
    ${raw(BASE + DOCS)}
  </style>`;
}
