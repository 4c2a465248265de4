// Installs the packages when they are missing or the lockfile is newer, and gathers the presets. Runs before `npm start`, `npm test` and `npm run demo`;
// plain Node 20, imports nothing that would have to be installed.

import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

const changedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (changedAt("node_modules/.package-lock.json") < changedAt("package-lock.json")) {
  console.log("Installing packages (once) …");
  // No package needs its install script, and one of them would ask for more than the registry.
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

await import("./presets.mjs");
