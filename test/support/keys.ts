/** API keys for tests, and places to have them in. */

import { call } from "./api.ts";

type PlaceName = { level: "tenant" | "contract" | "workspace"; id: string };

/** Makes a key. Without a place it is global. */
export async function newKey(permissions: string[], place?: PlaceName, attributes: object = {}): Promise<Holder> {
  const { status, body } = await call("POST", "/v2/api-keys", {
    data: {
      type: "api-key",
      attributes: { name: "Test key", permissions, ...attributes },
      ...(place && { relationships: { [place.level]: { data: { id: place.id, type: place.level } } } }),
    },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  const { key } = body.data.attributes;
  return { id: body.data.id, key, headers: { authorization: `Bearer ${key}` } };
}

export interface Holder {
  id: string;
  key: string;
  /** What shows it. */
  headers: { authorization: string };
}

/** Makes a tenant with a contract with a workspace, all with ids of their own. */
export async function newTenancy() {
  const [tenant, contract, workspace] = ["t", "c", "w"].map((prefix) => `${prefix}-${crypto.randomUUID()}`) as [
    string,
    string,
    string,
  ];
  await newPlace("tenant", tenant);
  await newPlace("contract", contract, { level: "tenant", id: tenant });
  await newPlace("workspace", workspace, { level: "contract", id: contract });
  return { tenant, contract, workspace };
}

/** Registers a place. */
export async function newPlace(level: PlaceName["level"], id: string, parent?: PlaceName): Promise<void> {
  const { status, body } = await call("POST", `/v2/${level}s`, {
    data: {
      type: level,
      id,
      attributes: { name: `The ${level}` },
      ...(parent && { relationships: { [parent.level]: { data: { id: parent.id, type: parent.level } } } }),
    },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
}
