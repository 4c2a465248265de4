/** The API's documentation as one page without script, made of nothing but its OpenAPI document. */

import { html } from "hono/html";
import { headerEntry, type Listed, operationLink, operationSection, type Shared, target } from "./operation.ts";
import { isRecord, lookUp, nameOf, type OpenApiDocument } from "./schema.ts";
import { shapeOf } from "./shape.ts";
import { docsStyle } from "./style.ts";
import { type Html, prose, shapeTree } from "./tree.ts";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"] as const;
const NO_TAG = "Operations";

interface Group {
  id: string;
  name: string;
  description: string | undefined;
  operations: Listed[];
}

/** Makes the page; its style runs under the nonce. Every text of the document is escaped. */
export function docsPage(openapi: OpenApiDocument, nonce: string): Html {
  const { title, version, description } = openapi.info;
  const groups = groupsOf(openapi);
  const schemes = Object.entries(openapi.components?.securitySchemes ?? {});
  const shared = { shapes: sharedShapes(openapi), headers: sharedHeaders(openapi) };
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} API</title>
        ${docsStyle(nonce)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the operations</a>
        <header>
          <h1>${title}</h1>
          <p class="version">Version ${version} · <a href="/openapi.json">OpenAPI document</a></p>
          ${prose(description)}
        </header>
        <div class="columns">
          <nav aria-label="Contents">
            ${generalLinks(schemes.length > 0, shared)}
            ${groups.map(
              ({ id, name, operations }) =>
                html`<p><a href="#${id}">${name}</a></p>
                  <ul class="operations">
                    ${operations.map((listed) => html`<li>${operationLink(listed)}</li>`)}
                  </ul>`,
            )}
          </nav>
          <main id="main" tabindex="-1">
            ${schemes.length > 0 && authentication(openapi, schemes)}
            ${shared.headers.size > 0 && headersOfAll(openapi, shared)}
            ${groups.map(
              (group) =>
                html`<section id="${group.id}" aria-labelledby="${group.id}-title">
                  <h2 id="${group.id}-title">${group.name}</h2>
                  ${prose(group.description)}
                  ${group.operations.map((listed) => operationSection(openapi, listed, shared))}
                </section>`,
            )}
            ${shared.shapes.size > 0 && failures(openapi, shared)}
          </main>
        </div>
      </body>
    </html>`;
}

function generalLinks(hasSchemes: boolean, { shapes, headers }: Shared): Html | false {
  if (!hasSchemes && headers.size === 0 && shapes.size === 0) return false;
  return html`<ul>
    ${hasSchemes && html`<li><a href="#authentication">Authentication</a></li>`}
    ${headers.size > 0 && html`<li><a href="#headers">Headers</a></li>`}
    ${shapes.size > 0 && html`<li><a href="#failures">Failures</a></li>`}
  </ul>`;
}

function headersOfAll(openapi: OpenApiDocument, { headers }: Shared): Html {
  return html`<section id="headers" aria-labelledby="headers-title">
    <h2 id="headers-title">Headers</h2>
    <p>On every response:</p>
    <ul class="members">
      ${[...headers].map(([name, header]) => headerEntry(openapi, name, header))}
    </ul>
  </section>`;
}

function authentication(openapi: OpenApiDocument, schemes: [string, unknown][]): Html {
  return html`<section id="authentication" aria-labelledby="authentication-title">
    <h2 id="authentication-title">Authentication</h2>
    ${schemes.map(([name, value]) => {
      const scheme = (target(openapi, value) ?? {}) as Record<string, string | undefined>;
      const place = scheme["type"] === "apiKey" ? `${scheme["in"]} ${scheme["name"]}` : scheme["scheme"];
      return html`<h3>${name}</h3>
        <p class="facts">
          <span class="type">${scheme["type"]} ${place}</span>
          ${scheme["bearerFormat"] && html`<span class="limit">${scheme["bearerFormat"]}</span>`}
        </p>
        ${prose(scheme["description"])}`;
    })}
  </section>`;
}

function failures(openapi: OpenApiDocument, { shapes }: Shared): Html {
  return html`<section id="failures" aria-labelledby="failures-title">
    <h2 id="failures-title">Failures</h2>
    ${[...shapes].map(
      ([reference, { id }]) =>
        html`<section id="${id}" aria-labelledby="${id}-title">
          <h3 id="${id}-title">${nameOf(reference)}</h3>
          ${shapeTree(shapeOf(openapi, lookUp(openapi, reference), [reference]))}
        </section>`,
    )}
  </section>`;
}

/** Lists the operations by their first tag, in the order in which the document names the tags. */
function groupsOf(openapi: OpenApiDocument): Group[] {
  const takenIds = new Set<string>();
  const tags = new Map(
    (openapi.tags ?? []).map(({ name, description }) => [name, { description, operations: [] as Listed[] }]),
  );
  for (const listed of operationsOf(openapi, takenIds)) {
    const group = tags.get(listed.tag) ?? { description: undefined, operations: [] };
    group.operations.push(listed);
    tags.set(listed.tag, group);
  }
  return [...tags]
    .filter(([, { operations }]) => operations.length > 0)
    .map(([name, group]) => ({ id: anchor(`tag ${name}`, takenIds), name, ...group }));
}

function operationsOf(openapi: OpenApiDocument, takenIds: Set<string>): Listed[] {
  return Object.entries(openapi.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method): Listed[] => {
      const operation = item[method];
      if (operation === undefined) return [];
      const id = anchor(`${method} ${path}`, takenIds);
      const all = [...(item.parameters ?? []), ...(operation.parameters ?? [])]
        .map((parameter) => target(openapi, parameter) as Listed["parameters"][number] | undefined)
        .filter((parameter) => parameter !== undefined);
      // What an operation says of a parameter replaces what its path says of it.
      const parameters = [
        ...new Map(all.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter])).values(),
      ];
      return [{ id, method, path, tag: operation.tags?.[0] ?? NO_TAG, operation, parameters }];
    }),
  );
}

/** Finds the named shapes of failures: they stand on the page once, however many operations may fail that way. */
function sharedShapes(openapi: OpenApiDocument): Shared["shapes"] {
  const takenIds = new Set<string>();
  const shapes = new Map<string, { id: string; statuses: Set<string> }>();
  for (const { operation } of operationsOf(openapi, new Set())) {
    for (const [status, value] of Object.entries(operation.responses ?? {})) {
      const response = target(openapi, value) as
        { content?: Record<string, { schema?: { $ref?: string } }> } | undefined;
      const reference = Object.values(response?.content ?? {})[0]?.schema?.$ref;
      if (reference === undefined || /^[123]/.test(status) || lookUp(openapi, reference) === undefined) continue;
      const shape = shapes.get(reference) ?? {
        id: anchor(`failure ${nameOf(reference)}`, takenIds),
        statuses: new Set(),
      };
      shapes.set(reference, { ...shape, statuses: shape.statuses.add(status) });
    }
  }
  return shapes;
}

/** Finds the headers that every response has by reference. */
function sharedHeaders(openapi: OpenApiDocument): Shared["headers"] {
  const [first = {}, ...others] = operationsOf(openapi, new Set()).flatMap(({ operation }) =>
    Object.values(operation.responses ?? {}).map((response): Record<string, unknown> => {
      const { headers } = (target(openapi, response) ?? {}) as { headers?: Record<string, unknown> };
      return headers ?? {};
    }),
  );
  const shared = Object.entries(first).filter(
    ([name, header]) => isRecord(header) && "$ref" in header && others.every((headers) => name in headers),
  );
  return new Map(shared);
}

function anchor(text: string, taken: Set<string>): string {
  const base = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  let id = base;
  for (let count = 2; taken.has(id); count++) id = `${base}-${count}`;
  taken.add(id);
  return id;
}
