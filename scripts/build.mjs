// Makes the Worker: `wrangler dev` and `wrangler deploy` run this before they look at `build/`. What the first answer to a step needs is one part, the
// router with its schemas and pages another, which is loaded when it is needed. Plain Node 20; writes only what has changed.
//
//   node scripts/build.mjs [--out build] [--readable]

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { rolldown } from "rolldown";

const { values } = parseArgs({
  options: { out: { type: "string", default: "build" }, readable: { type: "boolean", default: false } },
});

await import("./presets.mjs");

/** zod describes its schemas in JSON Schema, too. Here `@hono/zod-openapi` does that, so these modules would only be weight. */
const UNUSED = /\/zod\/v4\/core\/(?:json-schema-processors|to-json-schema)\.js$/;
const withoutUnused = {
  name: "without-unused",
  load: {
    filter: { id: UNUSED },
    handler: (id) => {
      const names = [...readFileSync(id, "utf8").matchAll(/^export (?:const|function) (\w+)/gm)].map(
        ([, name]) => name,
      );
      return names.map((name) => `export const ${name} = () => () => undefined;`).join("\n");
    },
  },
};

const bundle = await rolldown({
  input: { worker: "src/worker.ts" },
  external: /^cloudflare:/,
  platform: "neutral",
  tsconfig: true,
  resolve: {
    conditionNames: ["workerd", "worker", "browser", "import"],
    mainFields: ["module", "main"],
    alias: { zod: resolve("src/zod.ts") },
  },
  transform: { target: "es2024" },
  plugins: [withoutUnused],
  onLog: (level, { message }) => {
    if (level === "warn") throw new Error(message);
  },
});
const { output } = await bundle.generate({
  format: "esm",
  minify: !values.readable,
  keepNames: values.readable,
  chunkFileNames: ({ name, isDynamicEntry }) =>
    isDynamicEntry ? "router.js" : name === "secret" ? "shared.js" : "[name].js",
});
await bundle.close();

mkdirSync(values.out, { recursive: true });
for (const { fileName, code } of output) write(join(values.out, fileName), code);
for (const name of readdirSync(values.out)) {
  if (name.endsWith(".js") && !output.some(({ fileName }) => fileName === name)) rmSync(join(values.out, name));
}

/** Servers that start at the same time build at the same time: each file is there as a whole, or as it was. */
function write(path, code) {
  if (code === before(path)) return;
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, code);
  renameSync(draft, path);
}

function before(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
