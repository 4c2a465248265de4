/** In what a client's provider differs from the standard, as forms ask for it: scopes and parameters as words and lines, the rest as JSON. */

import { isChanged, type Reads } from "./form-document.ts";
import { Area, type Form, Text } from "./form.tsx";

type Flavour = Record<string, unknown>;

const FLAVOUR = "/data/attributes/flavour";
const SCOPES = `${FLAVOUR}/default_scopes`;
/** Each has a field of its own, and this when it is empty. */
const OWN_FIELDS = { default_scopes: [], authorize_params: {}, token_params: {} };

/** How the texts of these fields become members of the document. */
export const FLAVOUR_READS: Reads = {
  [FLAVOUR]: "json",
  [SCOPES]: "words",
  [`${FLAVOUR}/authorize_params`]: "pairs",
  [`${FLAVOUR}/token_params`]: "pairs",
};

/** What all secrets of a client ask for. `texts` are what stands there before anybody typed. */
export function ScopesAndParameters({
  form,
  grant,
  texts,
}: {
  form: Form;
  grant: string;
  texts: Readonly<Record<string, string>>;
}) {
  const isAsked = grant === "authorization_code";
  const parameters = `${FLAVOUR}/${isAsked ? "authorize_params" : "token_params"}`;
  return (
    <>
      <Text
        form={form}
        name={SCOPES}
        label="Scopes for all accounts"
        hint="Always asked for, with spaces in between. Each account may ask for more."
        value={texts[SCOPES]}
        mono
      />
      <Area
        form={form}
        name={parameters}
        label="Additional parameters"
        hint={
          isAsked
            ? "Sent along to the provider’s page, one a line: prompt=consent"
            : "Sent along when a token is fetched, one a line: audience=https://api.example.com"
        }
        value={texts[parameters]}
        rows={2}
        mono
      />
    </>
  );
}

/** Everything else. */
export function FlavourJson({ form, texts }: { form: Form; texts: Readonly<Record<string, string>> }) {
  return (
    <Area
      form={form}
      name={FLAVOUR}
      label="Flavour"
      hint="In what else the provider differs from the standard, as JSON. docs/PROVIDERS.md has all of it."
      value={texts[FLAVOUR]}
      placeholder={'{ "client_auth": "basic" }'}
      mono
    />
  );
}

/** Writes a flavour, and what its preset says besides, as the texts of the fields. */
export function textsOf(own: Flavour, preset: Flavour): Record<string, string> {
  const rest = Object.entries(own).filter(([name]) => !Object.hasOwn(OWN_FIELDS, name));
  const whole = { ...preset, ...own };
  const lines = (name: string) =>
    Object.entries(Object(whole[name]) as Flavour)
      .map(([member, value]) => `${member}=${String(value)}`)
      .join("\n");
  return {
    [FLAVOUR]: rest.length === 0 ? "" : JSON.stringify(Object.fromEntries(rest), null, 2),
    [SCOPES]: ((whole["default_scopes"] ?? []) as string[]).join(" "),
    [`${FLAVOUR}/authorize_params`]: lines("authorize_params"),
    [`${FLAVOUR}/token_params`]: lines("token_params"),
  };
}

/** Keeps of a form the fields of the flavour if one of them was changed: they make one member together. */
export function flavourChanges(sent: URLSearchParams, texts: Readonly<Record<string, string>>): URLSearchParams {
  const fields = [...sent].filter(([name]) => name.startsWith(FLAVOUR));
  return new URLSearchParams(fields.some(([name, text]) => isChanged(text, texts[name])) ? fields : []);
}

/** Completes the flavour of a document. What the preset says already is not said again, so that the client follows it. */
export function flavourOf(stated: Flavour | undefined, sent: URLSearchParams, preset: Flavour): Flavour {
  const flavour = { ...stated };
  for (const [name, none] of Object.entries(OWN_FIELDS)) {
    if (!sent.has(`${FLAVOUR}/${name}`)) continue;
    const typed = flavour[name] ?? none;
    if (JSON.stringify(typed) === JSON.stringify(preset[name] ?? none)) delete flavour[name];
    else flavour[name] = typed;
  }
  return flavour;
}
