// Changes a ring of encryption keys in a file, a step of their rotation at a time (docs/OPERATIONS.md), and prints the names of what is in it.
//
//   node scripts/keys.mjs add keys.json    a new key at the end: it opens, and does not seal yet
//   node scripts/keys.mjs turn keys.json   the last key to the front: from now on it seals
//   node scripts/keys.mjs drop keys.json   every key but the first goes

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const STEPS = {
  add: (keys) => [...keys, newKey()],
  turn: (keys) => [...keys.slice(-1), ...keys.slice(0, -1)],
  drop: (keys) => keys.slice(0, 1),
};

const [step = "", file = ""] = process.argv.slice(2);
if (!(step in STEPS) || file === "") {
  console.error("Say what to do, and with which file: node scripts/keys.mjs add|turn|drop keys.json");
  process.exit(1);
}
const { keys } = JSON.parse(readFileSync(file, "utf8"));
const changed = STEPS[step](keys);
writeFileSync(file, JSON.stringify({ keys: changed }), { mode: 0o600 });
console.log(changed.map(({ kid }) => kid).join(" "));

function newKey() {
  const kid = `${new Date().toISOString().slice(0, 10)}-${randomBytes(3).toString("hex")}`;
  return { kty: "oct", kid, k: randomBytes(32).toString("base64url") };
}
