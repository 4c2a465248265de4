/**
 * Forms of the console. A field is named by the place in the API's document that it fills in (RFC 6901), so what is sent needs no table, and
 * what the API finds wrong stands beside the field. What was typed is kept, but for secrets: no page ever holds one.
 */

import type { Child } from "hono/jsx";
import type { Context, Fault } from "./service.ts";

/** A form as it was sent, with what the API said of it; or one that nobody has sent yet. */
export class Form {
  readonly faults: readonly Fault[];
  readonly #values: URLSearchParams;
  readonly #idPrefix: string;
  readonly #faultsByField = new Map<string, string[]>();

  constructor(values: URLSearchParams = new URLSearchParams(), faults: readonly Fault[] = [], idPrefix = "f") {
    this.#values = values;
    this.#idPrefix = idPrefix;
    this.faults = faults;
    for (const fault of faults) {
      const field = this.fieldOf(fault);
      if (field !== undefined) this.#faultsByField.set(field, [...this.faultsOf(field), fault.detail]);
    }
  }

  /** The same form, with ids of its own: for a page that has another with the same fields. */
  apart(idPrefix: string): Form {
    return new Form(this.#values, this.faults, idPrefix);
  }

  /** Gives the id of a field in the page. */
  idOf(name: string): string {
    return `${this.#idPrefix}${name.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
  }

  value(name: string, otherwise = ""): string {
    return this.#values.get(name) ?? otherwise;
  }

  values(name: string): string[] {
    return this.#values.getAll(name);
  }

  /** Whether somebody has sent it. */
  get wasSent(): boolean {
    return this.#values.size > 0;
  }

  faultsOf(name: string): readonly string[] {
    return this.#faultsByField.get(name) ?? [];
  }

  /** Finds the field that a fault is of: the one whose place is the fault's or contains it most closely. */
  fieldOf({ source }: Fault): string | undefined {
    const pointer = source?.pointer;
    if (pointer === undefined) return undefined;
    const [, level] = /^\/data\/relationships\/(tenant|contract|workspace)/.exec(pointer) ?? [];
    if (level !== undefined) return this.#values.has(`${level}_id`) ? `${level}_id` : "place_id";
    const [found] = [...new Set(this.#values.keys())]
      .filter((name) => pointer === name || pointer.startsWith(`${name}/`))
      .toSorted((one, other) => other.length - one.length);
    return found;
  }
}

/** A form that changes something: sent as it is only by the pages of this session. */
export function PostForm({
  c,
  action,
  class: look,
  children,
}: {
  c: Context;
  action: string;
  class?: string;
  children?: Child;
}) {
  return (
    <form method="post" action={action} class={look ?? "form"}>
      <input type="hidden" name="csrf" value={c.get("session").csrf} />
      {children}
    </form>
  );
}

/** Says above a form everything that is wrong with it, each leading to its field. */
export function Faults({ form }: { form: Form }) {
  if (form.faults.length === 0) return null;
  return (
    <div class="notice bad" role="alert">
      <strong>{form.faults[0]?.title ?? "This did not work."}</strong>
      <ul>
        {form.faults.map((fault) => {
          const field = form.fieldOf(fault);
          return <li>{field === undefined ? fault.detail : <a href={`#${form.idOf(field)}`}>{fault.detail}</a>}</li>;
        })}
      </ul>
    </div>
  );
}

interface FieldProps {
  form: Form;
  name: string;
  label: string;
  hint?: Child;
  /** What stands there before anybody typed. */
  value?: string | undefined;
  required?: boolean;
  /** Needed where something else is chosen, which no browser can know. */
  depends?: boolean;
  mono?: boolean;
  /** Never shown again once it is typed. */
  secret?: boolean;
}

/** A field of one line. */
export function Text(
  props: FieldProps & { type?: "text" | "email" | "url" | "number" | "datetime-local"; placeholder?: string },
) {
  const { form, name, value, secret = false, mono = false, required, type = "text", placeholder } = props;
  return (
    <Field {...props}>
      <input
        {...attributesOf(props)}
        type={secret ? "password" : type}
        class={mono ? "mono" : undefined}
        value={secret ? undefined : form.value(name, value)}
        required={required}
        placeholder={placeholder}
        autocomplete={secret ? "new-password" : "off"}
        spellcheck={mono ? false : undefined}
      />
    </Field>
  );
}

/** A field of several lines. */
export function Area(props: FieldProps & { rows?: number; placeholder?: string }) {
  const { form, name, value, secret = false, mono = false, required, rows = 4, placeholder } = props;
  return (
    <Field {...props}>
      <textarea
        {...attributesOf(props)}
        rows={rows}
        class={mono ? "mono" : undefined}
        required={required}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={mono ? false : undefined}
      >
        {secret ? "" : form.value(name, value)}
      </textarea>
    </Field>
  );
}

/** Picks one of a few. */
export function Pick(props: FieldProps & { children?: Child }) {
  return (
    <Field {...props}>
      <select {...attributesOf(props)} required={props.required}>
        {props.children}
      </select>
    </Field>
  );
}

/** One of the things to pick. */
export function Choice({ value, chosen, children }: { value: string; chosen: string; children?: Child }) {
  return (
    <option value={value} selected={value === chosen}>
      {children}
    </option>
  );
}

function Field({ form, name, label, hint, required, depends, secret, children }: FieldProps & { children?: Child }) {
  const id = form.idOf(name);
  const faults = form.faultsOf(name);
  return (
    <div class="field">
      <label for={id}>
        {label}
        {required === true || depends === true ? null : <span class="muted small"> (optional)</span>}
      </label>
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {children}
      {faults.length === 0 ? null : (
        <p class="error" id={`${id}-error`}>
          {faults.join(" ")}
        </p>
      )}
      {isForgotten(form, secret) ? (
        <p class="hint" id={`${id}-again`}>
          Type it again: what is secret is not kept.
        </p>
      ) : null}
    </div>
  );
}

/** What is secret is on no page, so whoever sent a form that was refused has to type it once more. */
function isForgotten(form: Form, secret = false): boolean {
  return secret && form.wasSent && form.faults.length > 0;
}

function attributesOf({ form, name, hint, secret }: FieldProps) {
  const id = form.idOf(name);
  const isFaulty = form.faultsOf(name).length > 0;
  const parts = { hint: hint !== undefined, error: isFaulty, again: isForgotten(form, secret) };
  const describedBy = Object.entries(parts)
    .flatMap(([part, isThere]) => (isThere ? [`${id}-${part}`] : []))
    .join(" ");
  return {
    id,
    name,
    "aria-invalid": isFaulty ? ("true" as const) : undefined,
    "aria-describedby": describedBy === "" ? undefined : describedBy,
  };
}

/** Shows a text with a button that copies it. Without script there is only the text, which can be marked. */
export function Copyable({ id, label, value }: { id: string; label: string; value: string }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy">
        <input id={id} readonly value={value} />
        <button type="button" class="quiet" data-copies={id} hidden>
          Copy
        </button>
      </div>
    </div>
  );
}
