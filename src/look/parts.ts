/** What stands in a page: buttons, forms, tables, cards, notices, states, the bar of a token's life, the chart, the timeline. */

export const PARTS = `
button, .button { display: inline-flex; align-items: center; justify-content: center; gap: 0.5rem; min-height: 2.5rem; padding: 0.375rem 1rem; font: inherit; font-weight: 600; line-height: 1.25; color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: var(--round); text-decoration: none; white-space: nowrap; cursor: pointer; }
button:hover, .button:hover { background: color-mix(in srgb, var(--accent) 88%, var(--ink)); }
button.quiet, .button.quiet { color: var(--ink); background: var(--card); border-color: var(--edge); font-weight: 500; }
button.quiet:hover, .button.quiet:hover { background: var(--sunken); }
.button.quiet[aria-current] { background: var(--sunken); border-color: var(--accent); font-weight: 600; }
button.danger, .button.danger { color: var(--bad); background: var(--card); border-color: var(--bad); }
button.danger:hover, .button.danger:hover { background: var(--bad-paper); }
button.plain { min-height: 0; padding: 0; color: var(--accent); background: none; border: 0; font-weight: 400; text-decoration: underline; text-underline-offset: 0.18em; }
button.small, .button.small { min-height: 2rem; padding: 0.125rem 0.75rem; font-size: 0.875rem; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.75rem; }

label, legend, .label { font-weight: 600; }
input, select, textarea { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--edge); border-radius: var(--round); padding: 0.4375rem 0.625rem; min-height: 2.5rem; max-width: 100%; }
input:not([type="checkbox"], [type="radio"]), textarea { width: 100%; }
input[type="checkbox"], input[type="radio"] { min-height: 0; width: 1.125rem; height: 1.125rem; margin: 0; accent-color: var(--accent); flex: none; }
input[readonly] { background: var(--sunken); border-color: var(--line); }
textarea { min-height: 5rem; resize: vertical; }
input.mono, textarea.mono { font-size: 0.9375rem; }
::placeholder { color: var(--muted); opacity: 1; }
[aria-invalid="true"] { border-color: var(--bad); box-shadow: inset 3px 0 0 var(--bad); }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
legend { padding: 0; }
.form { max-width: 48rem; }
.form > * + *, .fields > * + * { margin-top: 1.25rem; }
.field > label, .field > .label { display: block; }
.field > * + * { margin-top: 0.25rem; }
.field > input, .field > select, .field > textarea { margin-top: 0.375rem; }
.hint { color: var(--muted); font-size: 0.875rem; }
.error { color: var(--bad); font-size: 0.875rem; font-weight: 600; }
.error::before { content: "↑ "; }
.choice { display: flex; gap: 0.625rem; align-items: baseline; font-weight: 400; padding: 0.25rem 0; }
.choice { break-inside: avoid; }
.choice > input { transform: translateY(0.1875rem); }
.choice strong { font-weight: 600; }
.option > .field { margin: 0.25rem 0 0.5rem 1.75rem; }
.option:not(:has(:checked)) > .field { display: none; }
.choices { columns: 18rem; column-gap: 2rem; }
.inline { display: flex; flex-wrap: wrap; align-items: end; gap: 0.75rem; }
.inline > .field { flex: 0 1 14rem; min-width: 0; }
.inline > .wide { flex: 1 1 16rem; }
.inline select { width: 100%; }
details > summary { cursor: pointer; font-weight: 600; }
details[open] > summary { margin-bottom: 1rem; }
main > * + details { margin-top: 1.75rem; }
.stack > details[open]:not(:last-child), main > details[open] { padding-bottom: 1.25rem; }
.copy { display: flex; gap: 0.5rem; align-items: stretch; }
.copy > input { flex: 1; min-width: 0; font-family: var(--mono); font-size: 0.8125rem; }
.copy > button { flex: none; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: calc(var(--round) + 2px); padding: 1.125rem 1.25rem; }
.card > * + * { margin-top: 0.75rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; align-items: start; }
.counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: calc(var(--round) + 2px); overflow: hidden; }
.counts > * { background: var(--card); padding: 0.875rem 1.25rem; color: inherit; text-decoration: none; }
.counts > a:hover { background: var(--sunken); }
.counts > a:focus-visible { outline-offset: -3px; }
.counts strong { display: block; font-size: 1.75rem; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
.counts span { color: var(--muted); font-size: 0.875rem; }
.counts .bad strong { color: var(--bad); }
.counts .warn strong { color: var(--warn); }

.notice { border-left: 4px solid var(--calm); background: var(--calm-paper); padding: 0.75rem 1rem; border-radius: 0 var(--round) var(--round) 0; max-width: 56rem; }
.notice > * + * { margin-top: 0.375rem; }
.notice.good { border-color: var(--good); background: var(--good-paper); }
.notice.warn { border-color: var(--warn); background: var(--warn-paper); }
.notice.bad { border-color: var(--bad); background: var(--bad-paper); }
.notice ul, .list { padding-left: 1.25rem; }
.badge { display: inline-flex; align-items: center; gap: 0.375rem; padding: 0.0625rem 0.5rem; border-radius: 1rem; font-size: 0.8125rem; font-weight: 600; white-space: nowrap; color: var(--calm); background: var(--calm-paper); }
.badge::before { content: ""; width: 0.5rem; height: 0.5rem; border-radius: 50%; border: 2px solid currentColor; }
.badge.good { color: var(--good); background: var(--good-paper); }
.badge.good::before { background: currentColor; }
.badge.warn { color: var(--warn); background: var(--warn-paper); }
.badge.warn::before { border-radius: 0; transform: rotate(45deg) scale(0.85); background: currentColor; }
.badge.bad { color: var(--bad); background: var(--bad-paper); }
.badge.bad::before { border-radius: 0; background: currentColor; }
.states { display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem 0.5rem; max-width: none; }
.tag { display: inline-block; padding: 0 0.4375rem; border: 1px solid var(--line); border-radius: 4px; font-size: 0.8125rem; color: var(--muted); background: var(--card); }

.empty { text-align: center; padding: 2.5rem 1.25rem; border: 1px dashed var(--edge); border-radius: calc(var(--round) + 2px); }
.empty > * + * { margin-top: 0.75rem; }
.empty p { margin-left: auto; margin-right: auto; color: var(--muted); }
.empty .actions { justify-content: center; }

.table { background: var(--card); border: 1px solid var(--line); border-radius: calc(var(--round) + 2px); overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: baseline; padding: 0.625rem 1rem; }
th { font-size: 0.8125rem; font-weight: 600; color: var(--muted); white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
tbody tr:hover { background: color-mix(in srgb, var(--sunken) 45%, transparent); }
td > a:first-child { font-weight: 600; }
th.number, td.number { text-align: right; }
td .small { display: block; }
td { overflow-wrap: break-word; }
td code { overflow-wrap: anywhere; }
td .form { width: 20rem; max-width: 100%; }
@media (max-width: 44rem) {
  table.folds thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table.folds, table.folds tbody, table.folds tr, table.folds td { display: block; width: auto; }
  table.folds tr { padding: 0.75rem 1rem; }
  table.folds tbody tr:first-child { border-top: 0; }
  table.folds td { padding: 0.125rem 0; text-align: left; overflow-wrap: anywhere; }
  table.folds td[data-label] { display: flex; justify-content: space-between; gap: 1rem; }
  table.folds td[data-label]::before { content: attr(data-label); color: var(--muted); font-size: 0.875rem; flex: none; }
  table.folds td:empty { display: none; }
}
.pages { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.5rem 1rem; font-size: 0.875rem; color: var(--muted); }

.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.375rem 1.25rem; }
.facts dt { color: var(--muted); }
@media (max-width: 30rem) { .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 0.5rem; } }

.life { display: block; width: 100%; height: 0.625rem; border-radius: 5px; background: var(--sunken); }
.life .left { fill: var(--good); }
.life.warn .left { fill: var(--warn); }
.life.bad .left { fill: var(--bad); }
.life .mark { fill: var(--ink); }
.chart { display: block; width: 100%; height: 7rem; }
.chart .good { fill: var(--good); }
.chart .bad { fill: var(--bad); }
.chart .none { fill: var(--line); }
.legend { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.25rem 1rem; font-size: 0.8125rem; color: var(--muted); }

.timeline { list-style: none; }
.timeline > li { position: relative; padding: 0 0 1.125rem 1.625rem; }
.timeline > li::before { content: ""; position: absolute; left: 0.1875rem; top: 0.4375rem; width: 0.625rem; height: 0.625rem; border-radius: 50%; background: var(--calm); }
.timeline > li::after { content: ""; position: absolute; left: 0.4375rem; top: 1.25rem; bottom: -0.25rem; width: 2px; background: var(--line); }
.timeline > li:last-child { padding-bottom: 0; }
.timeline > li:last-child::after { display: none; }
.timeline > .good::before { background: var(--good); }
.timeline > .bad::before { background: var(--bad); border-radius: 0; }
.timeline > .warn::before { background: var(--warn); border-radius: 0; transform: rotate(45deg); }
.timeline > li > span { display: block; }
@media (forced-colors: active) { .badge::before, .timeline > li::before { forced-color-adjust: none; } }
`;
