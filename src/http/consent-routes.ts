/**
 * How the person's part of a consent flow reads in the API's description. Browsers and providers send what they like to these
 * routes, so their schemas describe and do not check.
 */

import { createRoute, z } from "@hono/zod-openapi";
import { page, publicFailures, redirect } from "./answers.ts";

const open = { tags: ["Consent"], security: [] };
const callback = { ...open, path: "/callback/oauth2/{client}" };
const sharedCallback = { ...open, path: "/callback/oauth2" };
const connect = {
  ...open,
  path: "/connect/{token}",
  request: { params: z.object({ token: z.string().openapi({ description: "As it stands in `connect_url`." }) }) },
};
const onward = { ...connect, path: "/connect/{token}/continue" };
const client = z.object({ client: z.string().openapi({ description: "The id of the auth client." }) });

/** What providers answer with (RFC 6749 4.1.2, RFC 9207 2). */
const providerAnswer = z.looseObject({
  state: z.string().optional().openapi({ description: "As it was sent to the provider." }),
  code: z.string().optional().openapi({ description: "What the token is exchanged for." }),
  error: z.string().optional().openapi({ description: "Why there is no code." }),
  iss: z.string().optional().openapi({ description: "Who the provider is." }),
});

export const connectRoutes = [
  createRoute({
    ...connect,
    method: "get",
    summary: "Show what a person is asked",
    description:
      "For a person's browser: who asks for what, for which account. Opens nothing, so that previews of links do not.",
    responses: {
      200: page("The question, and the link to go on."),
      303: redirect("To `/connect/ended`, where the link is unknown."),
      400: page("The fields of the flow name no host of the provider."),
      410: page("The link was used, or is too old."),
      ...publicFailures(),
    },
  }),
  createRoute({
    ...connect,
    method: "head",
    summary: "Look at the link of a consent flow",
    description: "Looks nothing up.",
    responses: { 200: { description: "Without a word." }, ...publicFailures() },
  }),
  createRoute({
    ...onward,
    method: "get",
    summary: "Open a consent flow",
    description: "For a person's browser: binds the flow to it with a cookie, and sends it to the provider.",
    responses: {
      303: redirect("To the provider; where that cannot be, to `/connect/{token}` or `/connect/ended`."),
      ...publicFailures(),
    },
  }),
  createRoute({
    ...onward,
    method: "head",
    summary: "Look at the way to the provider",
    description: "Opens nothing.",
    responses: { 200: { description: "Nothing was opened." }, ...publicFailures() },
  }),
  createRoute({
    ...open,
    method: "get",
    path: "/connect/ended",
    summary: "Show how a consent flow ended",
    description: "For flows without a `return_url`.",
    request: {
      query: z.object({
        outcome: z.string().optional().openapi({ description: "What came of it." }),
        request: z.string().optional().openapi({ description: "The `x-request-id` of the request that failed." }),
      }),
    },
    responses: {
      200: page("The account is connected, or the person did not want that."),
      400: page("The account is not connected."),
      404: page("The link is unknown."),
      410: page("The flow has ended, or is too old."),
      ...publicFailures(),
    },
  }),
];

const comeBack = {
  method: "get",
  responses: {
    303: redirect("To the `return_url`, with `secret_id` or `error`; without one to `/connect/ended`."),
    ...publicFailures(),
  },
} as const;
const comeBackPosting = {
  method: "post",
  responses: { 303: redirect("To the same by `GET`."), ...publicFailures("payload_too_large") },
} as const;
const body = { content: { "application/x-www-form-urlencoded": { schema: providerAnswer } } };

export const callbackRoutes = [
  createRoute({
    ...callback,
    ...comeBack,
    summary: "Come back from the provider",
    description: "The `redirect_uri` of an auth client. Nothing but the browser that opened the flow gets anywhere.",
    request: { params: client, query: providerAnswer },
  }),
  createRoute({
    ...callback,
    ...comeBackPosting,
    summary: "Come back from a provider that posts",
    description: "For `response_mode=form_post`.",
    request: { params: client, body },
  }),
  createRoute({
    ...sharedCallback,
    ...comeBack,
    summary: "Come back from the provider, where clients share one way",
    description: "The `redirect_uri` of the auth clients whose flavour says `shared_callback`, and of no other.",
    request: { query: providerAnswer },
  }),
  createRoute({
    ...sharedCallback,
    ...comeBackPosting,
    summary: "Come back from a provider that posts, where clients share one way",
    description: "For `response_mode=form_post`.",
    request: { body },
  }),
];
