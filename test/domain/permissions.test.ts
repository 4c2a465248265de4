/** Who may do what, and where. */

import { describe, expect, test } from "vitest";
import type { WorkspaceId } from "../../src/domain/ids.ts";
import { permit, type Permission, type Principal } from "../../src/domain/permissions.ts";
import type { ServiceError } from "../../src/errors.ts";

const place = (id: string) => ({ level: "workspace", id: id as WorkspaceId }) as const;
const GLOBAL = { level: "global" } as const;
const holder = (where: Principal["place"], ...permissions: Permission[]): Principal => ({
  id: "p",
  place: where,
  permissions: new Set(permissions),
});

describe("permit", () => {
  test.each<[string, Principal, Principal["place"], string | null]>([
    ["in its own workspace", holder(place("a"), "workspaces.auth_secret.get"), place("a"), null],
    ["globally, in any workspace", holder(GLOBAL, "workspaces.auth_secret.get"), place("a"), null],
    ["root, everywhere", { id: "root", place: GLOBAL, permissions: "all" }, place("a"), null],
    ["without the permission", holder(place("a"), "workspaces.auth_secret.create"), place("a"), "forbidden"],
    ["in another workspace", holder(place("a"), "workspaces.auth_secret.get"), place("b"), "not_found"],
    ["from a workspace, globally", holder(place("a"), "workspaces.auth_secret.get"), GLOBAL, "not_found"],
  ])("%s", (_, principal, where, code) => {
    let thrown: string | null = null;
    try {
      permit(principal, "workspaces.auth_secret.get", where);
    } catch (error) {
      thrown = (error as ServiceError).failure.code;
    }
    expect(thrown).toBe(code);
  });
});
