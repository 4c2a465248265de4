/** `GET /v2/workspaces/{ws}/secrets/{id}/history`: what happened to a secret lately, as its own actor remembers it. */

import { createRoute, z } from "@hono/zod-openapi";
import type { SecretId } from "../domain/ids.ts";
import { document } from "../jsonapi/document.ts";
import { historyEvent, historySchema } from "../jsonapi/event.ts";
import { secretStub } from "../secret-actor/stub.ts";
import { failures, json } from "./answers.ts";
import type { App } from "./context.ts";
import { ownId, workspaceId } from "./parameters.ts";
import { permitIn } from "./permit.ts";
import { writeDocument } from "./write.ts";

const route = createRoute({
  tags: ["Secrets"],
  path: "/v2/workspaces/{workspace}/secrets/{id}/history",
  method: "get",
  summary: "Read a secret's history",
  description: "The last hundred events: changes, consents, and every refresh that was tried. The newest comes first.",
  request: { params: z.object({ workspace: workspaceId, id: ownId<SecretId>() }) },
  responses: { 200: json("What happened.", historySchema), ...failures() },
});

export function addHistoryRoute(app: App): void {
  app.openapi(route, async (c) => {
    const { workspace, id } = c.req.valid("param");
    await permitIn(c, workspace, "workspaces.auth_secret.get");
    const history = await secretStub(c.env, workspace, id).history({ requestId: c.get("requestId") });
    return writeDocument(200, document(history.map((each) => historyEvent(id, each))));
  });
}
