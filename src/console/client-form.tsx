/** Making an auth client: for a provider that is known, by its issuer, by hand, or of a type without tokens. */

import type { Child } from "hono/jsx";
import type { z } from "@hono/zod-openapi";
import type { listedProviderSchema } from "../jsonapi/provider.ts";
import { OWN_ID } from "../domain/ids.ts";
import { levelOf, levelsToMake, mayConnect, seesClients, seesClientsOf } from "./access.ts";
import { flavourOf } from "./flavour-fields.tsx";
import { documentOf } from "./form-document.ts";
import { Area, Choice, Copyable, Faults, Form, Pick, PostForm, Text } from "./form.tsx";
import { Empty, show, Title, TrailTo } from "./frame.tsx";
import { type AuthClient, type Kind, type Provider, READS, Registration } from "./registration-fields.tsx";
import { baseOf, type Context, type Fault, onTo, read, Refusal, send } from "./service.ts";
import { placeFields, withPlace } from "./place-fields.tsx";

type ListedProvider = z.infer<typeof listedProviderSchema>;

const ATTRIBUTES = "/data/attributes";
const CREDENTIALS = `${ATTRIBUTES}/credentials`;

/** What kinds there are besides the presets: by which way the addresses are known, and how tokens come to be. */
const OTHERS = [
  ["hand", "Another provider, whose addresses I know", "By its addresses"],
  ["issuer", "Another provider, which publishes metadata (OpenID Connect, RFC 8414)", "By its issuer"],
] as const;
const GRANTS = [
  ["authorization_code", "people consent"],
  ["client_credentials", "the app by itself (client_credentials)"],
  ["jwt_bearer", "a signed assertion (jwt_bearer)"],
] as const;
const DEFAULT_GRANT = GRANTS[0][0];
const TYPES = [
  ["basic", "User name and password"],
  ["api_key", "API key in a header"],
  ["noauth", "No authentication"],
  ["custom", "Something of your own"],
] as const;

/** Shows the form. The id of the client to be is part of the address, because the provider is told a URL that holds it. */
export async function newClientPage(c: Context): Promise<Response> {
  const { kind = "", id = "" } = c.req.query();
  if (isOfTokens(kind) && !OWN_ID.test(id)) return c.redirect(addressOf(c, kind, crypto.randomUUID()), 303);
  return await showForm(c, new Form(), 200);
}

/** Takes the form. */
export async function createClient(c: Context): Promise<Response> {
  const sent = c.get("form");
  const { kind = "", id = "" } = c.req.query();
  const { document, faults } = documentOf(sent, READS);
  if (faults.length > 0) return await showForm(c, new Form(sent, faults), 400);
  try {
    const body = asClient(withPlace(document, sent), sent, await kindOf(c, kind), id);
    const { data: made } = await send<AuthClient>(c, "POST", "/v2/auth-clients", body);
    const level = levelOf(made.relationships);
    if (!seesClientsOf(c, level)) return await showMade(c, made);
    const isForSecret = c.req.query("for") === "secret" && mayConnect(c);
    return onTo(c, `${baseOf(c)}/${isForSecret ? `secrets/new?client=${made.id}` : `clients/${made.id}`}`, "created");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showForm(c, new Form(sent, error.faults.map(inWords)), error.status);
  }
}

/** Whoever may make clients may not see them, perhaps. What is known of the new one stands here. */
async function showMade(c: Context, { id, attributes }: AuthClient): Promise<Response> {
  return await show(c, {
    title: attributes.name,
    tab: "clients",
    status: 201,
    children: (
      <>
        <Title>{attributes.name}</Title>
        <p>The auth client was created. You may not look at it, so keep its id.</p>
        <div class="form">
          <Copyable id="made" label="Id" value={id} />
          {attributes.redirect_uri === undefined ? null : (
            <Copyable id="callback" label="Callback URL" value={attributes.redirect_uri} />
          )}
        </div>
        <p>
          <a href={`${baseOf(c)}/clients/new`}>Make another one</a>
        </p>
      </>
    ),
  });
}

/** Who sends a form twice should know that the first was enough. */
function inWords(fault: Fault): Fault {
  if (fault.source?.pointer !== "/data/id" || fault.code !== "conflict") return fault;
  return { ...fault, detail: "This auth client was created already. To make another one, begin anew." };
}

function isOfTokens(kind: string): boolean {
  return /^(preset|hand|issuer)\b/.test(kind);
}

function addressOf(c: Context, kind: string, id: string): string {
  const query = new URLSearchParams({
    ...(kind !== "" && { kind }),
    ...(OWN_ID.test(id) && { id }),
    ...(c.req.query("for") === "secret" && { for: "secret" }),
  });
  return `${baseOf(c)}/clients/new${query.size === 0 ? "" : `?${query.toString()}`}`;
}

/** Says what every document of its kind says. */
function asClient(
  document: Record<string, unknown>,
  sent: URLSearchParams,
  { type, provider, grant }: Kind,
  id: string,
): unknown {
  const { data = {} } = document as { data?: { attributes?: Record<string, unknown> } };
  const isOAuth = type === "oauth2";
  const { flavour: typed, ...attributes } = data.attributes ?? {};
  const flavour = isOAuth
    ? flavourOf(typed as Record<string, unknown> | undefined, sent, provider?.attributes.flavour ?? {})
    : {};
  const stated = {
    ...(type !== null && { type }),
    ...(provider !== null && { provider: provider.id }),
    ...(isOAuth && provider === null && { grant_type: grant }),
    ...(Object.keys(flavour).length > 0 && { flavour }),
    ...(attributes["credentials"] === undefined && { credentials: {} }),
  };
  return {
    data: { ...data, type: "auth-client", ...(isOAuth && { id }), attributes: { ...attributes, ...stated } },
  };
}

async function kindOf(c: Context, kind: string): Promise<Kind> {
  const [how = "", name = ""] = kind.split(":");
  if (how === "preset" && /^[a-z0-9-]+$/.test(name)) {
    const { data } = await read<Provider>(c, `/v2/providers/${name}`);
    return { kind, provider: data, type: "oauth2", grant: data.attributes.grant_type };
  }
  if (how === "type") return { kind, provider: null, type: name === "custom" ? null : name, grant: "" };
  return { kind, provider: null, type: "oauth2", grant: name === "" ? DEFAULT_GRANT : name };
}

async function showForm(c: Context, form: Form, status: number): Promise<Response> {
  const children = levelsToMake(c, "client").length === 0 ? <NotAllowed /> : await formFor(c, form);
  const trail = (
    <TrailTo path={`${baseOf(c)}/clients`} isSeen={seesClients(c)}>
      Auth clients
    </TrailTo>
  );
  return await show(c, {
    title: "New auth client",
    tab: "clients",
    status,
    children: (
      <>
        <Title trail={trail}>New auth client</Title>
        {children}
      </>
    ),
  });
}

async function formFor(c: Context, form: Form): Promise<Child> {
  const { data: providers } = await read<ListedProvider[]>(c, "/v2/providers");
  const kinds = kindsOf(providers);
  const { kind = "", id = "" } = c.req.query();
  const isKnown = kinds.some(({ choices }) => choices.some(([value]) => value === kind));
  // An id that is taken is of no use for another client.
  const isTaken = form.faults.some(({ source, code }) => source?.pointer === "/data/id" && code === "conflict");
  return (
    <>
      <PickKind c={c} kind={kind} id={isTaken ? "" : id} kinds={kinds} />
      {isKnown ? <ClientForm c={c} kind={await kindOf(c, kind)} id={id} form={form} /> : null}
    </>
  );
}

/** Lists what there is to pick: value and words, in groups. */
function kindsOf(providers: ListedProvider[]): { label: string; choices: (readonly [string, string])[] }[] {
  return [
    {
      label: "Providers that are known here",
      choices: providers.map(({ id, attributes }) => [`preset:${id}`, attributes.title]),
    },
    ...OTHERS.map(([how, label, short]) => ({
      label,
      choices: GRANTS.map(([grant, words]) => {
        return [grant === DEFAULT_GRANT ? how : `${how}:${grant}`, `${short}: ${words}`] as const;
      }),
    })),
    { label: "Without OAuth", choices: TYPES.map(([type, words]) => [`type:${type}`, words] as const) },
  ];
}

function PickKind({ c, kind, id, kinds }: { c: Context; kind: string; id: string; kinds: ReturnType<typeof kindsOf> }) {
  return (
    <form class="form">
      {c.req.query("for") === "secret" ? <input type="hidden" name="for" value="secret" /> : null}
      {OWN_ID.test(id) ? <input type="hidden" name="id" value={id} /> : null}
      <div class="inline">
        <div class="wide">
          <Pick form={new Form()} name="kind" label="What does it log in to?" required>
            <Choice value="" chosen={kind}>
              Choose …
            </Choice>
            {kinds.map(({ label, choices }) => (
              <optgroup label={label}>
                {choices.map(([value, words]) => (
                  <Choice value={value} chosen={kind}>
                    {words}
                  </Choice>
                ))}
              </optgroup>
            ))}
          </Pick>
        </div>
        <button class="quiet">Use this</button>
      </div>
    </form>
  );
}

function ClientForm({ c, kind, id, form }: { c: Context; kind: Kind; id: string; form: Form }) {
  const hasTokens = kind.type === "oauth2";
  return (
    <PostForm c={c} action={addressOf(c, kind.kind, id)}>
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
      {hasTokens ? <Registration c={c} kind={kind} id={id} form={form} /> : <FreeForm kind={kind} form={form} />}
      <div class="actions">
        <button>Create the auth client</button>
        <a href={seesClients(c) ? `${baseOf(c)}/clients` : baseOf(c)}>Cancel</a>
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
