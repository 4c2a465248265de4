/** `/v2/auth-clients/{id}/diagnose`: what is wrong with a client, found out at its provider, in sentences. */

import { createRoute, z } from "@hono/zod-openapi";
import { publicUrlFor, settingsOf } from "../bindings.ts";
import { hasTokens, redirectUri } from "../domain/auth-client.ts";
import type { AuthClientId } from "../domain/ids.ts";
import { variablesOf } from "../domain/oauth2/variables.ts";
import { ServiceError } from "../errors.ts";
import { diagnosisRequestSchema, diagnosisResource, diagnosisSchema } from "../jsonapi/diagnosis.ts";
import { document, documentSchema } from "../jsonapi/document.ts";
import { openRegistration } from "../store/auth-clients.ts";
import { failures, json, OF_DOCUMENTS } from "./answers.ts";
import { findForChange } from "./auth-clients.ts";
import type { App, Handler, Outside } from "./context.ts";
import { ownId } from "./parameters.ts";
import { writeDocument } from "./write.ts";

/** Lets a request say that its content is JSON and have none: the validator would look for a document. */
const mayBeEmpty: Handler = async (c, next) => {
  if ((await c.req.arrayBuffer()).byteLength === 0) {
    const headers = new Headers(c.req.raw.headers);
    headers.delete("Content-Type");
    c.req.raw = new Request(c.req.url, { method: c.req.method, headers });
  }
  await next();
};

const diagnoseClient = createRoute({
  tags: ["Auth clients"],
  method: "post",
  path: "/v2/auth-clients/{id}/diagnose",
  summary: "Find out what is wrong with an auth client",
  description:
    "Asks its issuer and its provider, within 30 seconds: eight requests at most, each counted by the provider. The token endpoint is shown a code that was made up, so nothing is spent and nothing changes. Only for type `oauth2`.",
  middleware: mayBeEmpty,
  request: {
    params: z.object({ id: ownId<AuthClientId>() }),
    body: { content: { "application/json": { schema: diagnosisRequestSchema } }, required: false },
  },
  responses: {
    200: json("What was found.", documentSchema(diagnosisSchema)),
    ...failures(...OF_DOCUMENTS, "conflict", "storage_integrity"),
  },
});

export function addDiagnosisRoute(app: App, { diagnose }: Pick<Outside, "diagnose">): void {
  app.openapi(diagnoseClient, async (c) => {
    const settings = settingsOf(c.env);
    const client = await findForChange(c, c.req.valid("param").id, "edit");
    if (!hasTokens(client.type)) {
      throw new ServiceError("conflict", `A client of type "${client.type}" has no provider that could be asked.`);
    }
    const registration = await openRegistration(settings.cipher, client);
    const { data } = c.req.valid("json");
    const subject = {
      registration,
      redirectUri: redirectUri(publicUrlFor(settings, c.req.url), client.id, registration),
      variables: variablesOf(data?.attributes.fields ?? null, null),
    };
    const findings = await diagnose(subject, settings.egress);
    return writeDocument(200, document(diagnosisResource(client.id, findings)));
  });
}
