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

/**
 * zod describes its schemas in JSON Schema, which `@hono/zod-openapi` does here, and remembers what it has parsed in case that is a cycle, which no
 * JSON is. It can do without either, so they would only be weight.
 */
const lighterZod = {
  name: "lighter-zod",
  load: {
    filter: { id: /\/zod\/v4\/core\/(?:json-schema-processors|to-json-schema|memoizer)\.js$/ },
    handler: (id) => {
      const code = readFileSync(id, "utf8");
      if (id.endsWith("processors.js")) {
        return code.replace(/^export const (\w+Processor) = [\s\S]*?^\};$/gm, "export const $1 = () => undefined;");
      }
      const without = id.endsWith("memoizer.js") ? "() => undefined" : "() => () => undefined";
      const names = [...code.matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, name]) => name);
      return names.map((name) => `export const ${name} = ${without};`).join("\n");
    },
  },
};

const bundle = await rolldown({
  input: { core: "src/worker.ts" },
  // What the router needs of the core it takes from there, instead of from a third part from which both would have to import.
  preserveEntrySignatures: "allow-extension",
  external: /^cloudflare:/,
  platform: "neutral",
  tsconfig: true,
  resolve: {
    conditionNames: ["workerd", "worker", "browser", "import"],
    mainFields: ["module", "main"],
    alias: { zod: resolve("src/zod.ts") },
  },
  transform: { target: "es2024" },
  plugins: [lighterZod],
  onLog: (level, { message }) => {
    if (level === "warn") throw new Error(message);
  },
});
const { output } = await bundle.generate({
  format: "esm",
  minify: !values.readable,
  comments: values.readable,
  topLevelVar: true,
  keepNames: values.readable,
  chunkFileNames: ({ isDynamicEntry }) => (isDynamicEntry ? "router.js" : "[name].js"),
});
await bundle.close();
// The platform looks at everything that the first part exports: it has what the front door has, and nothing of what the router needs.
const exported = [...readFileSync("src/worker.ts", "utf8").matchAll(/^export \{ (\w+) \}/gm)].map(([, name]) => name);
output.push({ fileName: "worker.js", code: `export { default, ${exported.join(", ")} } from "./core.js";\n` });

mkdirSync(values.out, { recursive: true });
for (const { fileName, code } of output) write(join(values.out, fileName), values.readable ? code : unindented(code));
for (const name of readdirSync(values.out)) {
  if (name.endsWith(".js") && !output.some(({ fileName }) => fileName === name)) rmSync(join(values.out, name));
}

/** What is left of lines stands in templates of SQL, HTML and CSS, where it does not matter how they begin. */
function unindented(code) {
  return code.replaceAll(/\n +/g, "\n");
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
