/** May they, in this workspace? Asked before anything is looked up. */

import type { WorkspaceId } from "../domain/ids.ts";
import { permit, type Permission } from "../domain/permissions.ts";
import type { Context } from "./context.ts";

/** Returns when the caller may do this in the workspace. @throws {ServiceError} `not_found`, `forbidden` */
export function permitIn(c: Context, workspace: WorkspaceId, permission: Permission): void {
  permit(c.get("principal"), permission, { level: "workspace", id: workspace });
}
