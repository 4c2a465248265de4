/** What cannot be undone is asked for twice: by the name of the thing. */

import type { Child } from "hono/jsx";
import { Faults, type Form, PostForm, Text } from "./form.tsx";
import type { Context, Fault } from "./service.ts";

/** Asks for the name of a thing before it is deleted; or whatever else the verb says. */
export function DeleteForm({
  c,
  action,
  verb = "Delete",
  what,
  name,
  form,
  children,
}: {
  c: Context;
  action: string;
  verb?: string;
  what: string;
  name: string;
  form: Form;
  children?: Child;
}) {
  return (
    <details open={form.faults.length > 0}>
      <summary>
        {verb} this {what}
        <span class="unseen"> “{name}”</span>
      </summary>
      <PostForm c={c} action={action}>
        <Faults form={form} />
        {children}
        <Text form={form} name="confirmed" label={`Type “${name}” to confirm`} required />
        <button class="danger">{verb}</button>
      </PostForm>
    </details>
  );
}

/** Finds that the name that was typed is not that of the thing. */
export function unconfirmed(sent: URLSearchParams, name: string, verb = "delete"): Fault[] {
  return sent.get("confirmed")?.trim() === name.trim()
    ? []
    : [
        {
          detail: `Type the name, “${name}”, to ${verb} it.`,
          title: `Nothing was ${verb}d.`,
          source: { pointer: "confirmed" },
        },
      ];
}
