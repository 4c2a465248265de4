/** API keys: the list, making one, revoking one. The key itself stands on one page, the answer to the form that made it. */

import type { Child } from "hono/jsx";
import type { z } from "@hono/zod-openapi";
import { PERMISSIONS } from "../domain/permissions.ts";
import type { apiKeySchema } from "../jsonapi/api-key.ts";
import { When } from "../look/time.tsx";
import { hereQuery, levelOf, levelsToMake, may, mayRevoke, placeInWords, seesKeys } from "./access.ts";
import { DeleteForm, unconfirmed } from "./confirm.tsx";
import { documentOf } from "./form-document.ts";
import { Copyable, Faults, Form, PostForm, Text } from "./form.tsx";
import { Empty, show, Title, TrailTo } from "./frame.tsx";
import { Pages, readPage, Table } from "./list.tsx";
import { placeFields, withPlace } from "./place-fields.tsx";
import { baseOf, type Context, onTo, Refusal, send } from "./service.ts";

type ApiKey = z.infer<typeof apiKeySchema>;

const ATTRIBUTES = "/data/attributes";
const PERMISSIONS_FIELD = `${ATTRIBUTES}/permissions`;
const PAGE_SIZE = 50;
/** What a step needs that reads tokens. */
const OF_STEPS: readonly string[] = [
  "workspaces.auth_clients.get",
  "workspaces.auth_secret.get",
  "workspaces.auth_secret.get_credentials",
  "workspaces.auth_secret.refresh",
];

export async function keysPage(c: Context): Promise<Response> {
  return await showKeys(c, 200);
}

async function showKeys(c: Context, status: number, revoking?: { id: string; form: Form }): Promise<Response> {
  const base = baseOf(c);
  const { data, meta } = await readPage<ApiKey>(c, "/v2/api-keys", PAGE_SIZE, hereQuery(c));
  const now = Date.now();
  const make =
    levelsToMake(c, "key").length > 0 ? (
      <a class="button" href={`${base}/keys/new`}>
        New API key
      </a>
    ) : undefined;
  return await show(c, {
    title: "API keys",
    tab: "keys",
    status,
    children: (
      <>
        <Title actions={data.length > 0 ? make : undefined}>API keys</Title>
        {data.length === 0 ? (
          <Empty title="There is no key yet">
            <p>What runs your integrations reads tokens with a key. Give it no more permissions than it needs.</p>
            <div class="actions">{make}</div>
          </Empty>
        ) : (
          <>
            <Table columns={["Name", "For", "Permissions", "Used", "Ends", { unseen: "Revoke" }]}>
              {data.map((key) => (
                <Row
                  c={c}
                  shown={key}
                  now={now}
                  form={(key.id === revoking?.id ? revoking.form : new Form()).apart(`revoke-${key.id}-`)}
                />
              ))}
            </Table>
            <Pages meta={meta} path={`${base}/keys`} />
          </>
        )}
      </>
    ),
  });
}

function Row({
  c,
  shown: { id, attributes, relationships },
  now,
  form,
}: {
  c: Context;
  shown: ApiKey;
  now: number;
  form: Form;
}) {
  const { permissions, last_used_at: usedAt, expires_at: expiresAt } = attributes;
  const isOwn = c.get("principal").id === `key:${id}`;
  return (
    <tr>
      <td>
        <strong>{attributes.name}</strong> {isOwn ? <span class="tag">yours</span> : null}
        {attributes.email === null ? null : <span class="small muted">{attributes.email}</span>}
      </td>
      <td data-label="For">{placeInWords(relationships)}</td>
      <td>
        {permissions.length === 0 ? (
          "none"
        ) : (
          <details>
            <summary>{permissions.length === 1 ? "1 permission" : `${permissions.length} permissions`}</summary>
            <ul class="list small">
              {permissions.map((each) => (
                <li>
                  <code>{each}</code>
                </li>
              ))}
            </ul>
          </details>
        )}
      </td>
      <td data-label="Used">{usedAt === null ? "never" : <When at={usedAt} now={now} />}</td>
      <td data-label="Ends">{expiresAt === null ? "never" : <When at={expiresAt} now={now} />}</td>
      <td>
        {mayRevoke(c, levelOf(relationships)) ? (
          <DeleteForm
            c={c}
            action={`${baseOf(c)}/keys/${id}/revoke`}
            verb="Revoke"
            what="key"
            name={attributes.name}
            form={form}
          >
            {/* The API has no look-up of one key, and this only asks the person whether they mean it. */}
            <input type="hidden" name="name" value={attributes.name} />
            <p>
              {isOwn
                ? "This is the key that you are signed in with: you are signed out at once, and what else uses it stops working."
                : "What uses it stops working at once. It cannot be taken back."}
            </p>
          </DeleteForm>
        ) : null}
      </td>
    </tr>
  );
}

/** Revokes a key, if its name was typed. */
export async function revokeKey(c: Context): Promise<Response> {
  const sent = c.get("form");
  const id = c.req.param("id") ?? "";
  const faults = unconfirmed(sent, sent.get("name") ?? "", "revoke");
  if (faults.length > 0) return await showKeys(c, 400, { id, form: new Form(sent, faults) });
  await send(c, "DELETE", `/v2/api-keys/${encodeURIComponent(id)}`);
  return onTo(c, `${baseOf(c)}/keys`, "revoked");
}

export async function newKeyPage(c: Context): Promise<Response> {
  return await showForm(c, new Form(), 200);
}

export async function createKey(c: Context): Promise<Response> {
  const sent = c.get("form");
  const { document } = documentOf(sent, { [PERMISSIONS_FIELD]: "list" });
  const { data = {} } = withPlace(document, sent) as { data?: { attributes?: Record<string, unknown> } };
  const attributes: Record<string, unknown> = { permissions: [], ...data.attributes };
  const ends = attributes["expires_at"];
  try {
    const { data: key } = await send<ApiKey>(c, "POST", "/v2/api-keys", {
      data: {
        type: "api-key",
        ...data,
        attributes: { ...attributes, ...(typeof ends === "string" && { expires_at: endOfDay(ends) }) },
      },
    });
    return await showMade(c, key);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return await showForm(c, new Form(sent, error.faults), error.status);
  }
}

/** A day in the form is good until it ends. */
function endOfDay(text: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59Z` : text;
}

function trail(c: Context): Child {
  return (
    <TrailTo path={`${baseOf(c)}/keys`} isSeen={seesKeys(c)}>
      API keys
    </TrailTo>
  );
}

async function showMade(c: Context, { attributes }: ApiKey): Promise<Response> {
  return await show(c, {
    title: "The new key",
    tab: "keys",
    status: 201,
    children: (
      <>
        <Title trail={trail(c)}>{attributes.name}</Title>
        <p class="notice good" role="status">
          The key is made. Copy it now: it is on this page and on no other, and only its fingerprint is kept.
        </p>
        <div class="form">
          <Copyable id="made" label="API key" value={attributes.key ?? ""} />
        </div>
        <p>
          {seesKeys(c) ? (
            <a href={`${baseOf(c)}/keys`}>To the keys</a>
          ) : (
            <a href={`${baseOf(c)}/keys/new`}>Make another one</a>
          )}
        </p>
      </>
    ),
  });
}

async function showForm(c: Context, form: Form, status: number): Promise<Response> {
  const base = baseOf(c);
  const isAllowed = levelsToMake(c, "key").length > 0;
  return await show(c, {
    title: "New API key",
    tab: "keys",
    status,
    children: (
      <>
        <Title trail={trail(c)}>New API key</Title>
        {isAllowed ? (
          <PostForm c={c} action={`${base}/keys/new`}>
            <Faults form={form} />
            <Text form={form} name={`${ATTRIBUTES}/name`} label="Name" hint="Who or what uses it." required />
            {placeFields(c, form, "key")}
            <PermissionChoices c={c} form={form} />
            <Text
              form={form}
              name={`${ATTRIBUTES}/email`}
              label="Email"
              hint="Only for clients that send user and key: then it has to be this one."
            />
            <Text
              form={form}
              name={`${ATTRIBUTES}/expires_at`}
              label="Last day"
              hint="Year-month-day, for instance 2027-12-31. Left empty, it does not end."
              placeholder="2027-12-31"
            />
            <div class="actions">
              <button>Make the key</button>
              <a href={seesKeys(c) ? `${base}/keys` : base}>Cancel</a>
            </div>
          </PostForm>
        ) : (
          <Empty title="You may not make keys">
            <p>Ask somebody whose key has one of the permissions to create them.</p>
          </Empty>
        )}
      </>
    ),
  });
}

/** Nobody gives a permission that they lack, so only their own are there. */
function PermissionChoices({ c, form }: { c: Context; form: Form }) {
  const chosen = form.wasSent ? form.values(PERMISSIONS_FIELD) : OF_STEPS;
  const faults = form.faultsOf(PERMISSIONS_FIELD);
  const id = form.idOf(PERMISSIONS_FIELD);
  const isFaulty = faults.length > 0;
  return (
    <fieldset id={id} aria-describedby={isFaulty ? `${id}-hint ${id}-error` : `${id}-hint`}>
      <legend>What it may do</legend>
      <p class="hint" id={`${id}-hint`}>
        Chosen is what a step needs that reads tokens.
      </p>
      {isFaulty ? (
        <p class="error" id={`${id}-error`}>
          {faults.join(" ")}
        </p>
      ) : null}
      <div class="choices">
        {PERMISSIONS.filter((each) => may(c, each)).map((permission) => (
          <label class="choice">
            <input
              type="checkbox"
              name={PERMISSIONS_FIELD}
              value={permission}
              checked={chosen.includes(permission)}
              aria-invalid={isFaulty ? "true" : undefined}
            />
            <code>{permission}</code>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
