/** What a handler finds in its context. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context as HonoContext, MiddlewareHandler } from "hono";
import type { Env } from "../bindings.ts";
import type { Kind } from "../domain/auth-client.ts";
import type { AssertionAlgorithm } from "../domain/oauth2/flavour.ts";
import type { Finding, Subject } from "../domain/diagnosis.ts";
import type { Discovered } from "../domain/oauth2/metadata.ts";
import type { SigningKey } from "../domain/oauth2/registration.ts";
import type { Principal } from "../domain/permissions.ts";
import type { Lineage } from "../domain/place.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import type { Problem, ServiceError } from "../errors.ts";
import type { Source } from "../secret-actor/token-read.ts";
import type { SealedAuthClient } from "../store/auth-clients.ts";

/** What a route cannot do itself, because routes have no telephone and no keys. */
export interface Outside {
  fetchJwks: (uri: string, policy: EgressPolicy) => Promise<string>;
  discover: (issuer: string, policy: EgressPolicy) => Promise<Discovered>;
  /** Makes a key pair for an auth client. `now` is in milliseconds since the epoch. */
  newSigningKey: (alg: AssertionAlgorithm, now: number) => Promise<SigningKey>;
  /** Says what is wrong with a private key in PEM as the end of a sentence; null when it signs. */
  privateKeyFault: (pem: string, alg: AssertionAlgorithm | undefined) => Promise<string | null>;
  diagnose: (subject: Subject, policy: EgressPolicy) => Promise<Finding[]>;
}

export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Who asks; set on every route below /v2. */
    principal: Principal;
    /** What contains the place that a document is for; set by what looks at the document first. */
    at: Lineage;
    /** The auth client that a document names, or that a change is for; set likewise. */
    client: SealedAuthClient;
    /** What kind of secret a change is for; set likewise. */
    kind: Kind;
    /** What is wrong with the body besides what its schema finds. */
    problems?: Problem[];
    /** Where the token or secret came from that is the answer. Such an answer comes with all of its headers: adding some later costs more than making it. */
    source?: Source;
    /** What the answer was an error of, for the log. */
    failure?: ServiceError;
  };
}

export type App = OpenAPIHono<AppEnv>;
export type Context = HonoContext<AppEnv>;
export type Handler = MiddlewareHandler<AppEnv>;
