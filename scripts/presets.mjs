// Gathers the presets of `providers/` in one module that is bundled, so that adding a provider is adding one file.
// Plain Node 20; writes only what has changed.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = join(root, "src", "providers", "presets.json");

const names = readdirSync(join(root, "providers"))
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length))
  .toSorted();
const presets = Object.fromEntries(names.map((name) => [name, read(name)]));
const text = JSON.stringify(presets);
if (text !== before()) writeFileSync(target, text);

function read(name) {
  const file = join(root, "providers", `${name}.json`);
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    console.error(`providers/${name}.json: ${error.message}`);
    process.exit(1);
  }
}

function before() {
  try {
    return readFileSync(target, "utf8");
  } catch {
    return null;
  }
}
