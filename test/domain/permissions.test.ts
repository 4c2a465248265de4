/** Who may do what, and where. */

import { describe, expect, test } from "vitest";
import type { ContractId, TenantId, WorkspaceId } from "../../src/domain/ids.ts";
import {
  isPermission,
  permit,
  type Permission,
  PERMISSIONS,
  type Principal,
  visibleLevels,
} from "../../src/domain/permissions.ts";
import { contains, GLOBAL, type Lineage, type Place } from "../../src/domain/place.ts";
import type { ServiceError } from "../../src/errors.ts";

const tenant = (id: string): Place => ({ level: "tenant", id: id as TenantId });
const contract = (id: string): Place => ({ level: "contract", id: id as ContractId });
const workspace = (id: string): Place => ({ level: "workspace", id: id as WorkspaceId });

/** Two tenants with the same names below them, and a workspace that is in none. */
const T1: Lineage = [tenant("t1"), ...GLOBAL];
const C1: Lineage = [contract("c1"), ...T1];
const W1: Lineage = [workspace("w1"), ...C1];
const W2: Lineage = [workspace("w2"), ...C1];
const T2: Lineage = [tenant("t2"), ...GLOBAL];
const W3: Lineage = [workspace("w3"), contract("c2"), ...T2];
const ALONE: Lineage = [workspace("alone"), ...GLOBAL];

const holder = (lineage: Lineage, ...permissions: Permission[]): Principal => ({
  id: "p",
  lineage,
  permissions: new Set(permissions),
});

describe("contains", () => {
  test.each<[string, Place, Lineage, boolean]>([
    ["everything: the global place", GLOBAL[0], W1, true],
    ["itself", workspace("w1"), W1, true],
    ["what is below it", tenant("t1"), W1, true],
    ["not what is above it", workspace("w1"), C1, false],
    ["not what is beside it", contract("c2"), W1, false],
    ["not another level of the same id", contract("w1"), W1, false],
    ["not a workspace of nobody", tenant("t1"), ALONE, false],
  ])("%s", (_, outer, inner, expected) => expect(contains(outer, inner)).toBe(expected));
});

describe("permit", () => {
  const GET = "workspaces.auth_secret.get";
  test.each<[string, Principal, Lineage, string | null]>([
    ["in its own workspace", holder(W1, GET), W1, null],
    ["from its contract", holder(C1, GET), W1, null],
    ["from its tenant", holder(T1, GET), W1, null],
    ["globally", holder(GLOBAL, GET), W1, null],
    ["root, everywhere", { id: "root", lineage: GLOBAL, permissions: "all" }, ALONE, null],
    ["without the permission", holder(W1, "workspaces.auth_secret.create"), W1, "forbidden"],
    ["without the permission, from above", holder(T1), W1, "forbidden"],
    ["in a workspace beside it", holder(W1, GET), W2, "not_found"],
    ["in another tenant", holder(T1, GET), W3, "not_found"],
    ["in another tenant, without the permission", holder(T1), W3, "not_found"],
    ["in a workspace of nobody", holder(T1, GET), ALONE, "not_found"],
    ["for its own contract", holder(W1, GET), C1, "forbidden"],
    ["for everybody", holder(W1, GET), GLOBAL, "forbidden"],
    ["for another tenant", holder(W1, GET), T2, "not_found"],
  ])("%s", (_, principal, where, code) => {
    let thrown: string | null = null;
    try {
      permit(principal, GET, where);
    } catch (error) {
      thrown = (error as ServiceError).failure.code;
    }
    expect(thrown).toBe(code);
  });
});

describe("visibleLevels", () => {
  test.each<[Permission[], string[]]>([
    [[], []],
    [["global.auth_clients.get"], ["global"]],
    [["tenants.auth_clients.get"], ["global", "tenant"]],
    [["contracts.auth_clients.get"], ["global", "tenant", "contract"]],
    [["workspaces.auth_clients.get"], ["global", "tenant", "contract", "workspace"]],
    [
      ["global.auth_clients.get", "contracts.auth_clients.get"],
      ["global", "tenant", "contract"],
    ],
    [["workspaces.auth_clients.edit"], []],
  ])("of %j are %j", (permissions, levels) => {
    expect(visibleLevels(holder(W1, ...permissions))).toEqual(levels);
  });
});

describe("PERMISSIONS", () => {
  test("are those of the API, once each", () => {
    expect(PERMISSIONS).toHaveLength(16 + 6 + 9 + 12 + 2 + 4 + 12);
    expect(new Set(PERMISSIONS).size).toBe(PERMISSIONS.length);
  });

  test.each(["workspaces.auth_secret.get_credentials", "global.tenants.create", "contracts.webhooks.edit"])(
    "%s",
    (name) => {
      expect(isPermission(name)).toBe(true);
    },
  );

  test.each(["", "all", "global.webhooks.get", "tenants.tenants.get", "constructor"])("not %s", (name) => {
    expect(isPermission(name)).toBe(false);
  });
});
