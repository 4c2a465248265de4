/**
 * Holds answers against the OpenAPI document of the service that gave them: route, status, media type, headers, body, error codes;
 * and what was sent, where it was accepted. Pure; runs in Node and in workerd, where code from text is forbidden.
 */

import { type Schema, Validator } from "@cfworker/json-schema";

/** What is read of an OpenAPI document. */
export interface Description {
  paths: Record<string, Partial<Record<string, Operation>>>;
  components: { schemas: Record<string, Schema>; headers?: Record<string, Header> };
}

interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; headers?: Record<string, Header>; content?: Content }>;
}

interface Header {
  $ref?: string;
  required?: boolean;
  schema?: Schema;
}

type Content = Record<string, { schema: Schema }>;

/** A request and what answered it, both read to their end. */
export interface Exchange {
  method: string;
  url: string;
  sent?: string;
  status: number;
  headers: Headers;
  text: string;
}

/** What a router says of a path that it does not know. */
const NO_ROUTE = '"There is no such route."';
const JSON_TYPE = "application/json";

export class Contract {
  /** What has been answered, as `GET /v2/tenants/{id} 200`. */
  readonly seen = new Set<string>();
  /** Every code of an error that has been answered. */
  readonly codes = new Set<string>();
  readonly #document: Description;
  readonly #validators = new Map<Schema, Validator>();

  constructor(document: Description) {
    this.#document = document;
  }

  /** Every operation with each of its statuses, as in `seen`. */
  get documented(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) =>
        Object.keys(operation?.responses ?? {}).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    );
  }

  /** Throws when the document does not describe an answer, and says everything in which it differs. */
  check(exchange: Exchange): void {
    const faults = this.#faults(exchange);
    if (faults.length === 0) return;
    const { method, url, status, text } = exchange;
    const path = new URL(url).pathname;
    throw new Error([`${method} ${path} ${status} is not as documented`, ...faults, text.slice(0, 2000)].join("\n  "));
  }

  #faults(exchange: Exchange): string[] {
    const { method, url, status, headers, text } = exchange;
    const found = this.#find(method, new URL(url).pathname);
    if (found === undefined) {
      // Only the router itself may answer what is not described.
      return status === 404 && text.includes(NO_ROUTE) ? [] : ["the document has no such operation"];
    }
    const { path, operation, isHead } = found;
    const response = operation.responses[String(status)];
    if (response === undefined) return [`${path} has no such status`];
    this.seen.add(`${method} ${path} ${status}`);
    return [
      ...this.#headerFaults(headers, response.headers ?? {}),
      ...(isHead ? [] : this.#bodyFaults(response.content, headers.get("content-type"), text)),
      ...(status >= 400 ? this.#codeFaults(status, headers, text, response.description) : []),
      ...(status < 300 ? this.#requestFaults(exchange, operation) : []),
    ];
  }

  /** Finds what describes a request. A path without parameters comes first; a slash at the end makes no difference. */
  #find(method: string, pathname: string) {
    const segments = pathname.replace(/(.)\/$/, "$1").split("/");
    const fits = (template: string) => {
      const parts = template.split("/");
      return (
        parts.length === segments.length &&
        parts.every((part, at) => (/^\{.*\}$/.test(part) ? segments[at] !== "" : part === segments[at]))
      );
    };
    const paths = Object.keys(this.#document.paths).filter(fits);
    const path = paths.find((each) => !each.includes("{")) ?? paths[0];
    if (path === undefined) return undefined;
    const item = this.#document.paths[path] ?? {};
    const operation = item[method.toLowerCase()] ?? (method === "HEAD" ? item["get"] : undefined);
    return operation && { path, operation, isHead: method === "HEAD" };
  }

  #headerFaults(headers: Headers, described: Record<string, Header>): string[] {
    return Object.entries(described).flatMap(([name, each]) => {
      const header = this.#resolve(each);
      const value = headers.get(name);
      if (value === null) return header.required === true ? [`the header ${name} is missing`] : [];
      return this.#schemaFaults(header.schema ?? {}, value).map((fault) => `header ${name}: ${fault}`);
    });
  }

  #bodyFaults(content: Content | undefined, contentType: string | null, text: string): string[] {
    if (content === undefined) return text === "" ? [] : ["there is a body where none is documented"];
    const mediaType = (contentType ?? "").split(";")[0]?.trim() ?? "";
    const described = content[mediaType];
    if (described === undefined) return [`the media type "${mediaType}" is not documented`];
    return this.#schemaFaults(described.schema, /[/+]json$/.test(mediaType) ? JSON.parse(text) : text);
  }

  /** The codes that come with a status stand in its description. */
  #codeFaults(status: number, headers: Headers, text: string, description: string): string[] {
    if (headers.get("content-type") !== JSON_TYPE) return [];
    const { errors = [] } = JSON.parse(text) as { errors?: { status: string; code: string }[] };
    return errors.flatMap((error) => {
      this.codes.add(error.code);
      const isSame = error.status === String(status);
      return [
        ...(isSame ? [] : [`the error has the status ${error.status}`]),
        ...(description.includes(`\`${error.code}\``) ? [] : [`the code ${error.code} is not documented there`]),
      ];
    });
  }

  /** What was accepted has to be what the document says may be sent. */
  #requestFaults({ url, sent = "" }: Exchange, { parameters = [], requestBody }: Operation): string[] {
    const body = requestBody?.content[JSON_TYPE];
    const described = parameters.filter((parameter) => parameter.in === "query");
    const queryFaults = [...new URL(url).searchParams].flatMap(([name, value]) => {
      const parameter = described.find((each) => each.name === name);
      if (parameter === undefined) return [`the parameter ${name} is not documented`];
      const isNumber = (parameter.schema as { type?: string }).type === "integer";
      const faults = this.#schemaFaults(parameter.schema, isNumber ? Number(value) : value);
      return faults.map((fault) => `parameter ${name}: ${fault}`);
    });
    if (body === undefined || sent === "") return queryFaults;
    return [...queryFaults, ...this.#schemaFaults(body.schema, JSON.parse(sent)).map((fault) => `request: ${fault}`)];
  }

  #schemaFaults(schema: Schema, value: unknown): string[] {
    let validator = this.#validators.get(schema);
    if (validator === undefined) {
      // With the components beside it, what it refers to is found.
      validator = new Validator({ ...schema, components: this.#document.components }, "2020-12", false);
      this.#validators.set(schema, validator);
    }
    return validator.validate(value).errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`);
  }

  #resolve(header: Header): Header {
    const name = header.$ref?.split("/").at(-1);
    return name === undefined ? header : (this.#document.components.headers?.[name] ?? {});
  }
}
