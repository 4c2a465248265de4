/** How one operation of the API reads: what to send, and what comes back. */

import { html } from "hono/html";
import { isRecord, lookUp, nameOf, type OpenApiDocument } from "./schema.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { facts, type Html, inline, partList, prose, shapeTree } from "./tree.ts";

type PathItem = NonNullable<OpenApiDocument["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;
type Parameter = Exclude<NonNullable<Operation["parameters"]>[number], { $ref: string }>;
type Answer = { description?: string; headers?: Record<string, unknown>; content?: Content };
type Content = Record<string, { schema?: unknown; example?: unknown; examples?: Record<string, unknown> }>;

/** An operation with the anchor that leads to it. */
export interface Listed {
  id: string;
  method: string;
  path: string;
  tag: string;
  operation: Operation;
  parameters: Parameter[];
}

/** What stands on the page once, and not with each operation. */
export interface Shared {
  /** The shapes of failures, by reference. */
  shapes: ReadonlyMap<string, { id: string; statuses: ReadonlySet<string> }>;
  /** What every response has, by name. */
  headers: ReadonlyMap<string, unknown>;
}

/** Writes one operation. */
export function operationSection(document: OpenApiDocument, listed: Listed, shared: Shared): Html {
  const { operation, parameters } = listed;
  const body = target(document, operation.requestBody) as {
    description?: string;
    required?: boolean;
    content: Content;
  };
  return html`<section class="operation" id="${listed.id}" aria-labelledby="${listed.id}-title">
    <h3 id="${listed.id}-title">${operationLink(listed)}</h3>
    ${operation.summary && html`<p class="summary">${inline(operation.summary)}</p>`}
    ${operation.deprecated === true && html`<p class="note">Deprecated</p>`} ${prose(operation.description)}
    ${accessNote(document, operation)}
    ${
      parameters.length > 0 &&
      html`<h4>Parameters</h4>
        <ul class="members">
          ${parameters.map((parameter) => parameterEntry(document, parameter))}
        </ul>`
    }
    ${
      body !== undefined &&
      html`<h4>Request body</h4>
        ${prose(body.description)} ${body.required !== true && html`<p>It may be left out.</p>`}
        ${contentOf(document, body.content)}`
    }
    <h4>Responses</h4>
    ${Object.entries(operation.responses ?? {}).map(([status, response]) =>
      responseEntry(document, status, (target(document, response) ?? {}) as Answer, shared),
    )}
  </section>`;
}

/** Writes method and path as a link to the operation. */
export function operationLink({ id, method, path }: Listed): Html {
  const segments = path.split(/(?=\/)/).map((segment) => html`<wbr />${segment}`);
  return html`<a href="#${id}"><span class="method">${method.toUpperCase()}</span> <code>${segments}</code></a>`;
}

/** Follows a reference in the document; what it does not lead to is undefined. */
export function target(document: OpenApiDocument, value: unknown): unknown {
  const found = isRecord(value) && typeof value["$ref"] === "string" ? lookUp(document, value["$ref"]) : value;
  return isRecord(found) ? found : undefined;
}

function accessNote(document: OpenApiDocument, { security }: Operation): Html | false {
  if (security === undefined || security === document.security) return false;
  const ways = security.map((way) => Object.keys(way).join(" and ")).filter((names) => names !== "");
  if (ways.length === 0) return html`<p class="note">Needs no authentication.</p>`;
  return html`<p class="note">Authentication: ${ways.join(", or ")}.</p>`;
}

function parameterEntry(document: OpenApiDocument, parameter: Parameter): Html {
  const [media] = Object.values(parameter.content ?? {});
  const shape = shapeOf(document, parameter.schema ?? media?.schema);
  const said = {
    ...shape,
    limits: [{ words: `in ${parameter.in}` }, ...shape.limits],
    deprecated: shape.deprecated || parameter.deprecated === true,
  };
  // Generators say the same thing of the parameter and of its schema: once is enough.
  return html`<li>
    <p class="facts"><code class="name">${parameter.name}</code> ${facts(said, parameter.required)}</p>
    ${prose(parameter.description ?? shape.description)} ${partList(shape.parts, "")}
  </li>`;
}

function responseEntry(document: OpenApiDocument, status: string, response: Answer, shared: Shared): Html {
  const headers = Object.entries(response.headers ?? {}).filter(([name]) => !shared.headers.has(name));
  const [media] = Object.values(response.content ?? {});
  const reference = isRecord(media?.schema) ? String(media.schema["$ref"]) : "";
  const elsewhere = shared.shapes.get(reference);
  // One shape that serves several statuses does not tell which code comes with which.
  const codes = (elsewhere?.statuses.size ?? 0) > 1 ? undefined : codesOf(shapeOf(document, media?.schema));
  const heading = html`<code class="status">${status}</code>
    <span>${inline(response.description ?? "")}</span>
    ${codes !== undefined && html`<span class="type">${codes}</span>`}`;
  const hasMore = headers.length > 0 || (media !== undefined && elsewhere === undefined);
  if (!hasMore) {
    const link = elsewhere && html`<a href="#${elsewhere.id}">${nameOf(reference)}</a>`;
    return html`<p class="response">${heading} ${link}</p>`;
  }
  return html`<details class="response">
    <summary>${heading}</summary>
    ${
      headers.length > 0 &&
      html`<h5>Headers</h5>
        <ul class="members">
          ${headers.map(([name, header]) => headerEntry(document, name, header))}
        </ul>`
    }
    ${elsewhere && html`<p><a href="#${elsewhere.id}">${nameOf(reference)}</a></p>`}
    ${elsewhere === undefined && contentOf(document, response.content ?? {})}
  </details>`;
}

/** Writes one header. */
export function headerEntry(document: OpenApiDocument, name: string, header: unknown): Html {
  const { description, schema } = (target(document, header) ?? {}) as { description?: string; schema?: unknown };
  const shape = shapeOf(document, schema);
  return html`<li>
    <p class="facts"><code class="name">${name}</code> ${facts(shape)}</p>
    ${prose(description ?? shape.description)}
  </li>`;
}

function contentOf(document: OpenApiDocument, content: Content): Html[] {
  return Object.entries(content).map(([mediaType, { schema, example, examples }]) => {
    const shown = [example, ...Object.values(examples ?? {}).map((each) => (each as { value?: unknown }).value)];
    return html`<p class="media"><code>${mediaType}</code></p>
      ${schema !== undefined && shapeTree(shapeOf(document, schema))}
      ${shown
        .filter((value) => value !== undefined)
        .map(
          (value) =>
            html`<h5>Example</h5>
              <pre tabindex="0">${JSON.stringify(value, null, 2)}</pre>`,
        )}`;
  });
}

/** Finds the codes that a failure of this shape may carry. */
function codesOf(shape: Shape): string | undefined {
  const errors = shape.parts.find(({ path }) => path.join("/") === "errors");
  const code = errors?.shape.parts.find(({ path }) => path.join("/") === "*/code");
  return code?.shape.limits.find((limit) => limit.code !== undefined)?.code?.replaceAll('"', "");
}
