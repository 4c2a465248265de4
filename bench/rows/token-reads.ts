/** How fast a token is read, by where its answer comes from. */

import { throughputRow } from "./throughput.ts";
import type { Row, Scene } from "./row.ts";

const MANY = 10_000;

async function oneToken({ tenant }: Scene): Promise<string> {
  const [path] = await tenant.secrets(await tenant.client(), 1);
  return `${path}/token`;
}

export const memory: Row = throughputRow({
  name: "memory",
  measure: "token read, `memory`, API key of the workspace",
  floor: "json",
  atLeast: 0.6,
  from: "memory",
  prepare: async (scene) => ({ path: await oneToken(scene), headers: scene.tenant.headers }),
});

export const memoryJwt: Row = throughputRow({
  name: "memory-jwt",
  measure: "token read, `memory`, JWT (ES256)",
  floor: "json",
  atLeast: 0.35,
  from: "memory",
  prepare: async (scene) => ({ path: await oneToken(scene), headers: await scene.tenant.jwtHeaders() }),
});

export const edge: Row = throughputRow({
  name: "edge",
  measure: "token read, `edge`: 10,000 secrets in turn",
  floor: "json",
  atLeast: null,
  from: "edge",
  // They stay longer than it takes to read all of them, and are more than an isolate's memory holds.
  plan: { variables: { EDGE_CACHE_SECONDS: "3600" } },
  prepare: async ({ tenant }) => {
    const paths = (await tenant.secrets(await tenant.client(), MANY)).map((path) => `${path}/token`);
    return { path: paths[0] ?? "", paths, headers: tenant.headers };
  },
});

export const origin: Row = throughputRow({
  name: "origin",
  measure: "token read, `origin`",
  floor: "rpc",
  atLeast: 0.6,
  from: "origin",
  prepare: async (scene) => ({
    path: await oneToken(scene),
    headers: { ...scene.tenant.headers, "cache-control": "no-cache" },
  }),
});

export const fullSecret: Row = throughputRow({
  name: "secret",
  measure: "full secret read",
  floor: "rpc",
  atLeast: 0.6,
  from: null,
  prepare: async (scene) => ({
    path: (await oneToken(scene)).replace(/\/token$/, ""),
    headers: scene.tenant.headers,
  }),
});
