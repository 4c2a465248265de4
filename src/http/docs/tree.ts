/** How shapes and texts are written on the page: trees of members, paragraphs, short facts. */

import { html } from "hono/html";
import type { Part, Shape } from "./shape.ts";

export type Html = ReturnType<typeof html>;

/** Writes a shape as a tree of its members. */
export function shapeTree(shape: Shape): Html {
  return html`${shape.type !== "object" && html`<p class="facts">${facts(shape)}</p>`} ${prose(shape.description)}
  ${partList(shape.parts, "")}`;
}

/** Writes paragraphs; words between backticks are code. */
export function prose(text: string | undefined): Html[] {
  const paragraphs = text?.split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== "") ?? [];
  return paragraphs.map((paragraph) => html`<p>${inline(paragraph)}</p>`);
}

/** Writes a line of text; words between backticks are code. */
export function inline(text: string): (string | Html)[] {
  return text.split(/`([^`]+)`/).map((piece, at) => (at % 2 === 0 ? piece : html`<code>${piece}</code>`));
}

/** Writes parts below each other, each with its place as the errors of the API name it. */
export function partList(parts: Part[], above: string): Html | false {
  if (parts.length === 0) return false;
  return html`<ul class="members">
    ${parts.map((part, at) => {
      const word = parts[at - 1]?.kind === "choice" ? "or" : "either";
      const name = part.kind === "choice" ? choiceName(part, word) : memberName(part, above);
      const path = [above, ...part.path.map(escaped)].join("/");
      return html`<li>
        <p class="facts">${name} ${facts(part.shape, part.required)}</p>
        ${prose(part.shape.description)} ${partList(part.shape.parts, path)}
      </li>`;
    })}
  </ul>`;
}

/** Writes a type, and what else is known of a value in a few words. */
export function facts({ type, limits, deprecated }: Shape, required = false): Html {
  return html`<span class="type">${type}</span> ${required && html`<span class="required">required</span>`}
    ${deprecated && html`<span class="required">deprecated</span>`}
    ${limits.map(({ words, code }) => [" ", limit(words, code)])}`;
}

function limit(words: string, code: string | undefined): Html {
  return html`<span class="limit">${words} ${code !== undefined && html`<code>${code}</code>`}</span>`;
}

function choiceName({ label }: Part, word: string): Html {
  return html`<strong>${word}</strong> ${label !== undefined && html`<code>${label}</code>`}`;
}

function memberName({ path }: Part, above: string): Html {
  const parent = [above, ...path.slice(0, -1).map(escaped), ""].join("/");
  return html`<code class="name"><span class="parent">${parent}</span>${path.at(-1)}</code>`;
}

/** Writes a name as a segment of a JSON pointer (RFC 6901 3). */
function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
