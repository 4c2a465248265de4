/** What the console is handed of the service around it, and how its pages ask the API. */

import type { Context as HonoContext } from "hono";
import type { Session } from "../auth/session.ts";
import type { Cipher } from "../crypto/seal.ts";
import type { Principal } from "../domain/permissions.ts";
import type { WorkspaceId } from "../domain/ids.ts";
import type { ServiceError } from "../errors.ts";

/** The service around the console, for one request. */
export interface Service {
  /** Where browsers reach it, without a slash at the end. */
  publicUrl: string;
  cipher: Cipher;
  requestId: string;
  /** Finds who an Authorization header is of. @throws {ServiceError} `unauthenticated`, `provider_unreachable`, `rate_limited` */
  identify(authorization: string): Promise<Principal>;
  /** Providers may be on this machine: it is for development alone. */
  isDevelopment: boolean;
  /** Decides whether somebody has ended this session, in whichever browser. */
  hasEnded(session: Session): Promise<boolean>;
  /** Ends a session for every copy of its cookie. */
  end(session: Session): Promise<void>;
  /** Says what a page is an error of, for the log. */
  failed(error: ServiceError): void;
  /** Asks the API as somebody. What it answers about a workspace holds no credentials, whatever they may see. */
  ask(principal: Principal, method: string, path: string, body?: unknown): Promise<Response>;
}

export interface ConsoleEnv {
  Bindings: Service;
  Variables: {
    session: Session;
    principal: Principal;
    /** The workspace whose pages these are; null: of none, but of all that the person may see. */
    workspace: WorkspaceId | null;
    /** What the person sent. */
    form: URLSearchParams;
  };
}

export type Context = HonoContext<ConsoleEnv>;

/** One fault that the API found, as its error documents tell it. */
export interface Fault {
  detail: string;
  title?: string;
  code?: string;
  source?: { pointer?: string; parameter?: string };
}

/** What the API answered instead of what was asked for. */
export class Refusal extends Error {
  readonly status: number;
  readonly faults: Fault[];

  constructor(status: number, faults: Fault[]) {
    super(faults.map(({ detail }) => detail).join(" "));
    this.name = "Refusal";
    this.status = status;
    this.faults = faults;
  }
}

/** A document of the API. */
export interface Answer<Data> {
  data: Data;
  meta: { total?: number; total_pages?: number; page?: number; cursor?: string };
  links?: { next?: string | null };
}

/** Asks the API for a document. @throws {Refusal} */
export async function read<Data>(c: Context, path: string): Promise<Answer<Data>> {
  return await send<Data>(c, "GET", path);
}

/** Asks the API for a document that may not be there, or that the person may not see: then it is null. */
export async function readIfAny<Data>(c: Context, path: string): Promise<Answer<Data> | null> {
  try {
    return await read<Data>(c, path);
  } catch (error) {
    if (error instanceof Refusal && error.status < 500) return null;
    throw error;
  }
}

/** Sends a request to the API. An answer without a body has an empty `data`. @throws {Refusal} */
export async function send<Data>(c: Context, method: string, path: string, body?: unknown): Promise<Answer<Data>> {
  const answer = await c.env.ask(c.get("principal"), method, path, body);
  const text = await answer.text();
  const document = (text === "" ? { data: null, meta: {} } : JSON.parse(text)) as Answer<Data> & { errors?: Fault[] };
  if (!answer.ok) throw new Refusal(answer.status, document.errors ?? []);
  return document;
}

/** Gives the path of the pages that belong together: a workspace's, or those of no workspace. */
export function baseOf(c: Context): string {
  const workspace = c.get("workspace");
  return workspace === null ? "/console" : `/console/workspaces/${workspace}`;
}

/** What is said above a page after something was done. The address names one of these and brings no words of its own. */
export const NOTICES = {
  created: "It was created.",
  saved: "The changes are saved.",
  deleted: "It is deleted.",
  removing: "It is out of reach; what lies below it is being deleted.",
  revoked: "The key is revoked and opens nothing any more.",
  refreshed: "A new token is in use.",
  connected: "The account is connected.",
} as const;
export type Notice = keyof typeof NOTICES;

/** Leads on to a page after something was done (303), with a notice. */
export function onTo(c: Context, path: string, notice: Notice): Response {
  return c.redirect(`${path}${path.includes("?") ? "&" : "?"}notice=${notice}`, 303);
}
