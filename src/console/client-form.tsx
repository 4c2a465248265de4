/** Making an auth client: for a provider that is known, by its issuer, by hand, or of a type without tokens. */

import type { Child } from "hono/jsx";
import type { z } from "@hono/zod-openapi";
import type { listedProviderSchema } from "../jsonapi/provider.ts";
import { levelsToMake } from "./access.ts";
import { Area, Choice, documentOf, Faults, Form, Pick, PostForm, Text } from "./form.tsx";
import { Empty, show, Title } from "./frame.tsx";
import { type AuthClient, type Kind, type Provider, READS, Registration } from "./registration-fields.tsx";
import { baseOf, type Context, onTo, read, Refusal, send } from "./service.ts";
import { placeFields, withPlace } from "./place-fields.tsx";

type ListedProvider = z.infer<typeof listedProviderSchema>;

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;

/** What kinds there are besides the presets. */
const OTHERS = [
  ["hand", "Another provider: I know its addresses"],
  ["issuer", "Another provider: it publishes metadata (OpenID Connect, RFC 8414)"],
] as const;
const TYPES = [
  ["basic", "User name and password"],
  ["api_key", "API key in a header"],
  ["noauth", "No authentication"],
  ["custom", "Something of your own"],
] as const;

export async function newClientPage(c: Context): Promise<Response> {
  return await showForm(c, c.req.query("kind") ?? "", new Form(), 200);
}

export async function createClient(c: Context): Promise<Response> {
  const sent = c.get("form");
  const kind = sent.get("kind") ?? "";
  const { document, faults } = documentOf(sent, READS);
  if (faults.length > 0) return await showForm(c, kind, new Form(sent, faults), 400);
  try {
    const { data } = await send<AuthClient>(
      c,
      "POST",
      "/v2/auth-clients",
      asClient(withPlace(document, sent), await kindOf(c, kind)),
    );
    const isForSecret = c.req.query("for") === "secret";
    return onTo(
      c,
      isForSecret ? `${baseOf(c)}/secrets/new?client=${data.id}` : `${baseOf(c)}/clients/${data.id}`,
      "created",
    );
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showForm(c, kind, new Form(sent, error.faults), error.status);
  }
}

/** Says what every document of its kind says. */
function asClient(document: Record<string, unknown>, { type, provider }: Kind): unknown {
  const { data = {} } = document as { data?: { attributes?: Record<string, unknown> } };
  const stated = {
    ...(type !== null && { type }),
    ...(provider !== null && { provider: provider.id }),
    ...(data.attributes?.["credentials"] === undefined && { credentials: {} }),
  };
  return { data: { type: "auth-client", ...data, attributes: { ...data.attributes, ...stated } } };
}

async function kindOf(c: Context, kind: string): Promise<Kind> {
  const [, preset] = /^preset:([a-z0-9-]+)$/.exec(kind) ?? [];
  if (preset !== undefined) {
    const { data } = await read<Provider>(c, `/v2/providers/${preset}`);
    return { kind, provider: data, type: "oauth2" };
  }
  const [, type] = /^type:([a-z_]+)$/.exec(kind) ?? [];
  if (type !== undefined) return { kind, provider: null, type: type === "custom" ? null : type };
  return { kind, provider: null, type: "oauth2" };
}

async function showForm(c: Context, name: string, form: Form, status: number): Promise<Response> {
  const base = baseOf(c);
  const children = levelsToMake(c, "client").length === 0 ? <NotAllowed /> : await formFor(c, name, form);
  return await show(c, {
    title: "New auth client",
    tab: "clients",
    status,
    children: (
      <>
        <Title trail={<a href={`${base}/clients`}>Auth clients</a>}>New auth client</Title>
        {children}
      </>
    ),
  });
}

async function formFor(c: Context, name: string, form: Form): Promise<Child> {
  const { data: providers } = await read<ListedProvider[]>(c, "/v2/providers");
  const isKnown =
    OTHERS.some(([each]) => each === name) ||
    TYPES.some(([each]) => `type:${each}` === name) ||
    providers.some(({ id }) => `preset:${id}` === name);
  return (
    <>
      <PickKind c={c} name={name} providers={providers} />
      {isKnown ? <ClientForm c={c} kind={await kindOf(c, name)} form={form} /> : null}
    </>
  );
}

function PickKind({ c, name, providers }: { c: Context; name: string; providers: ListedProvider[] }) {
  return (
    <form class="form">
      {c.req.query("for") === "secret" ? <input type="hidden" name="for" value="secret" /> : null}
      <div class="inline">
        <div class="wide">
          <Pick form={new Form()} name="kind" label="What does it log in to?" required>
            <Choice value="" chosen={name}>
              Choose …
            </Choice>
            <optgroup label="Providers that are known here">
              {providers.map(({ id, attributes }) => (
                <Choice value={`preset:${id}`} chosen={name}>
                  {attributes.title}
                </Choice>
              ))}
            </optgroup>
            <optgroup label="Other OAuth 2.0 providers">
              {OTHERS.map(([value, label]) => (
                <Choice value={value} chosen={name}>
                  {label}
                </Choice>
              ))}
            </optgroup>
            <optgroup label="Without OAuth">
              {TYPES.map(([value, label]) => (
                <Choice value={`type:${value}`} chosen={name}>
                  {label}
                </Choice>
              ))}
            </optgroup>
          </Pick>
        </div>
        <button class="quiet">Use this</button>
      </div>
    </form>
  );
}

function ClientForm({ c, kind, form }: { c: Context; kind: Kind; form: Form }) {
  const hasTokens = kind.type === "oauth2";
  return (
    <PostForm c={c} action={`${baseOf(c)}/clients/new${c.req.query("for") === "secret" ? "?for=secret" : ""}`}>
      <input type="hidden" name="kind" value={kind.kind} />
      <Faults form={form} />
      {kind.provider === null ? null : <AboutProvider provider={kind.provider} />}
      <Text
        form={form}
        name={`${ATTRIBUTES}/name`}
        label="Name"
        hint="As you and others find it again."
        value={kind.provider?.attributes.title}
        required
      />
      {placeFields(c, form, "client")}
      {hasTokens ? <Registration c={c} kind={kind} form={form} /> : <FreeForm kind={kind} form={form} />}
      <div class="actions">
        <button>Create the auth client</button>
        <a href={`${baseOf(c)}/clients`}>Cancel</a>
      </div>
    </PostForm>
  );
}

function AboutProvider({ provider: { attributes } }: { provider: Provider }) {
  return (
    <div class="notice">
      <p>
        Its addresses and habits are filled in.{" "}
        <a href={attributes.documentation}>{attributes.title}: where apps are registered</a>
      </p>
      {attributes.note === null ? null : <p>{attributes.note}</p>}
    </div>
  );
}

function FreeForm({ kind: { type }, form }: { kind: Kind; form: Form }) {
  const hint = "What your components want to know of all of its secrets, as JSON. Leave it empty for nothing.";
  return (
    <>
      {type === null ? (
        <Text
          form={form}
          name={`${ATTRIBUTES}/type`}
          label="Type"
          hint="A name of yours: small letters, digits and _."
          required
          mono
        />
      ) : null}
      <Area form={form} name={CREDENTIALS} label="Shared settings" hint={hint} mono secret />
    </>
  );
}

function NotAllowed() {
  return (
    <Empty title="You may not make auth clients">
      <p>Ask somebody whose key has one of the permissions to create them.</p>
    </Empty>
  );
}
