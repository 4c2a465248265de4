/** Holds who may import whom: the table of docs/ARCHITECTURE.md. A layer that is not in the table may import nothing of ours. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

/** What each layer may import: our own layers, and packages. `layer/file` allows that one file only. */
const MAY_IMPORT: Record<string, string[]> = {
  errors: [],
  domain: ["errors", "ipaddr.js"],
  telemetry: ["errors"],
  zod: ["zod/v4"],
  crypto: ["errors", "jose"],
  providers: ["domain"],
  jsonapi: ["domain", "providers", "errors", "@hono/zod-openapi"],
  bindings: ["domain", "crypto", "errors"],
  store: ["domain", "crypto", "providers", "errors"],
  outbound: ["domain", "crypto", "store", "errors", "telemetry", "jose", "oauth4webapi"],
  auth: ["domain", "crypto", "store", "errors", "shared-work", "short-memory", "jose"],
  budget: ["domain", "errors", "bindings", "telemetry", "time-limit", "cloudflare:workers"],
  "secret-actor": [
    ...["domain", "crypto", "store", "outbound", "errors", "bindings", "telemetry"],
    ...["budget/stub", "time-limit", "shared-work", "short-memory", "oauth4webapi", "cloudflare:workers"],
  ],
  http: [
    ...["domain", "providers", "jsonapi", "auth", "store", "errors", "bindings", "telemetry", "look", "console"],
    ...[
      "shared-work",
      "short-memory",
      "secret-actor/stub",
      "secret-actor/token-read",
      "jobs/stub",
      "events/outbox",
      "hono",
      "@hono/zod-openapi",
    ],
  ],
  look: ["hono"],
  // The API's documents as types; asking for them is handed in.
  console: ["domain", "crypto", "jsonapi", "auth/session", "errors", "look", "hono", "@hono/zod-openapi"],
  jobs: ["domain", "store", "errors", "bindings", "telemetry", "secret-actor/stub", "cloudflare:workers"],
  events: ["domain", "store", "errors", "bindings", "telemetry"],
  worker: [
    "bindings",
    "events/consume",
    "events/retention",
    "http",
    "secret-actor/actor",
    "jobs/job-actor",
    "jobs/issuers",
    "jobs/stub",
    "budget/budget-actor",
    "outbound/diagnosis",
    "outbound/discovery",
    "outbound/jwks",
    "outbound/signing-key",
  ],
};

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));

describe.each(files)("src/%s", (file) => {
  test("imports only what its layer may", () => {
    const layer = file.replace(/\.tsx?$/, "").split("/")[0] ?? "";
    const allowed = [layer, ...(MAY_IMPORT[layer] ?? [])];
    const source = readFileSync(join("src", file), "utf8");
    const imports = [...source.matchAll(/(?:from|import)\s*\(?"([^"]+)"/g)].map(([, name = ""]) => {
      if (!name.startsWith(".")) return name;
      return relative("src", join("src", dirname(file), name)).replace(/\.tsx?$/, "");
    });
    const refused = imports.filter((name) => !allowed.some((each) => name === each || name.startsWith(`${each}/`)));
    expect(refused).toEqual([]);
  });
});

test("calls fetch nowhere but in outbound", () => {
  const callers = files.filter((file) =>
    /(?<![.\w])fetch\(|globalThis\W+fetch/.test(readFileSync(join("src", file), "utf8")),
  );
  expect(callers).toEqual(["outbound/guarded-fetch.ts"]);
});
