/** Which secret a path names, on the routes that every step takes: a validator would cost more than all else there. */

import { OWN_ID, PLATFORM_ID, type SecretId, type WorkspaceId } from "../domain/ids.ts";
import { nothingThere } from "../domain/permissions.ts";
import type { Context } from "./context.ts";

/** Reads the ids of `/v2/workspaces/:workspace/secrets/:id`. @throws {ServiceError} `not_found` */
export function secretInPath(c: Context): { workspace: WorkspaceId; id: SecretId } {
  const workspace = c.req.param("workspace") ?? "";
  const id = c.req.param("id") ?? "";
  if (!PLATFORM_ID.test(workspace) || !OWN_ID.test(id)) throw nothingThere();
  return { workspace: workspace as WorkspaceId, id: id as SecretId };
}
