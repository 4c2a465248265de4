/**
 * The one visual language of every page: colours for light and dark, type, the frame of a page. What stands in the frame (buttons, forms,
 * tables, notices) is in `parts`. Colours have names by what they mean, and text on each of them has a contrast of 4.5 or more.
 */

import { PARTS } from "./parts.ts";

/** Colours, type, and the frame of a page. */
export const BASE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f6f7f5, #111417);
  --card: light-dark(#ffffff, #191d21);
  --sunken: light-dark(#eceeeb, #22272c);
  --ink: light-dark(#1a1f24, #e7eaec);
  --muted: light-dark(#56606a, #a2adb7);
  --line: light-dark(#d9ddd8, #323a41);
  --edge: light-dark(#828c86, #6d7882);
  --accent: light-dark(#135e9e, #82bdf5);
  --on-accent: light-dark(#ffffff, #0c1a27);
  --good: light-dark(#1b6e45, #74cf9d);
  --good-paper: light-dark(#e3f3ea, #14291f);
  --warn: light-dark(#835200, #ecbb5f);
  --warn-paper: light-dark(#fdf1d9, #2d2412);
  --bad: light-dark(#ad2b27, #ff9a90);
  --bad-paper: light-dark(#fdebe9, #351a19);
  --calm: light-dark(#4d5c6a, #a9b6c2);
  --calm-paper: light-dark(#e8edf1, #222a31);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  --round: 6px;
  font: 1rem/1.55 system-ui, sans-serif;
  background: var(--paper);
  color: var(--ink);
  -webkit-text-size-adjust: 100%;
  scroll-padding-top: 1rem;
}
* { box-sizing: border-box; }
body { margin: 0; overflow-wrap: anywhere; min-height: 100vh; display: flex; flex-direction: column; }
a { color: var(--accent); text-underline-offset: 0.18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
main:focus { outline: none; }
h1, h2, h3 { line-height: 1.25; margin: 0; letter-spacing: -0.01em; text-wrap: balance; }
h1 { font-size: 1.625rem; font-weight: 650; }
h2 { font-size: 1.125rem; font-weight: 650; }
h3 { font-size: 1rem; font-weight: 600; }
p { margin: 0; max-width: 42rem; text-wrap: pretty; }
ul, ol, dl, dd, figure { margin: 0; padding: 0; }
hr { border: 0; border-top: 1px solid var(--line); margin: 0; }
code, pre, kbd, samp, .mono { font-family: var(--mono); font-size: 0.875em; }
pre { margin: 0; padding: 0.75rem; overflow-x: auto; overflow-wrap: normal; background: var(--sunken); border-radius: var(--round); }
time { white-space: nowrap; }
time, td, dd, .number { font-variant-numeric: tabular-nums; }
[hidden] { display: none !important; }

.skip { position: absolute; left: 1rem; top: -6rem; padding: 0.5rem 1rem; background: var(--card); z-index: 2; }
.skip:focus { top: 0.5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top > div, .bottom > div, main { width: 100%; max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
.top > .bar { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.25rem; padding-top: 0.75rem; padding-bottom: 0.5rem; }
.bar > .end { margin-left: auto; display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; font-size: 0.875rem; }
.bar form { flex-wrap: nowrap; }
.bar label { white-space: nowrap; }
.bar input[name="workspace"] { width: 10rem; min-width: 5rem; min-height: 2rem; padding: 0.125rem 0.5rem; }
.brand { display: inline-flex; align-items: center; gap: 0.5rem; color: inherit; font-weight: 650; letter-spacing: -0.01em; text-decoration: none; }
.brand:hover { text-decoration: underline; }
.brand svg { width: 1.375rem; height: 1.375rem; color: var(--accent); }
.tabs ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; list-style: none; }
.tabs a { display: block; padding: 0.375rem 0 0.5rem; color: var(--muted); text-decoration: none; white-space: nowrap; border-bottom: 3px solid transparent; }
.tabs a:hover { color: var(--ink); border-color: var(--line); }
.tabs a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent); }
.tabs a:focus-visible { outline-offset: -3px; }

main { flex: 1; padding-top: 1.5rem; padding-bottom: 4rem; }
main.narrow { max-width: 34rem; }
.bottom { color: var(--muted); font-size: 0.875rem; border-top: 1px solid var(--line); }
.bottom > div { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding-top: 1rem; padding-bottom: 1.5rem; }
.bottom a { color: inherit; }

.stack > * + *, main > * + * { margin-top: 1rem; }
.stack-wide > * + *, main > section { margin-top: 2.25rem; }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1rem; }
.title > .actions { margin-left: auto; }
.trail { font-size: 0.875rem; color: var(--muted); }
.trail + * { margin-top: 0.25rem !important; }
.muted { color: var(--muted); }
.small { font-size: 0.875rem; }
.lede { font-size: 1.0625rem; color: var(--muted); }

@media (min-width: 44rem) { main.narrow { padding-top: 10vh; } }
@media (min-width: 60rem) {
  .top > div, .bottom > div, main { padding-left: 2rem; padding-right: 2rem; }
  main { padding-top: 2rem; }
}
@media (prefers-reduced-motion: no-preference) {
  a, button, .button, input, select, textarea { transition: border-color 0.12s, background-color 0.12s, color 0.12s; }
}
`;

/** Everything, as one style sheet. */
export const STYLE = BASE + PARTS;
