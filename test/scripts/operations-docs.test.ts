/**
 * docs/OPERATIONS.md, run as it is printed against a server that is stopped and started again where it says so: keys are rotated while somebody
 * reads, one is lost, others are revoked. Blocks that need Cloudflare itself say so in their first line, and are counted.
 */

import { copyFileSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { ALERTS } from "../../src/telemetry.ts";
import { eventually } from "../support/eventually.ts";
import { ServerProcess } from "../support/server-process.ts";
import { Shell } from "../support/shell.ts";
import { useStage } from "../support/stage.ts";

const guide = readFileSync("docs/OPERATIONS.md", "utf8");
const stage = useStage(90, {});

/** The blocks in their order, without the indentation of the list in which they stand. */
const BLOCKS = [...guide.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm)].map(([, indentation = "", text = ""]) =>
  text.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
);
const isOfCloudflare = (block: string) => block.startsWith("# On Cloudflare\n");
const LOCAL = BLOCKS.filter((block) => !isOfCloudflare(block));

/** What each of the others prints, in order: words of the block, and all that it says besides what tools say of themselves. */
const EXPECTED: [of: string, printed: RegExp, isSoon?: true][] = [
  ["pick() {", /^$/],
  ["STEP_KEY=", /^200$/],
  ["use_keys() {", /^$/],
  ["keys.mjs add", /^test \S+$/m],
  ["keys.mjs turn", /^\S+ test$/m],
  ["-X POST $API/maintenance/rewrap", /^settling$/],
  ["may_be_dropped", /^settling\n1 0 1 false\n0 0 0 false$/],
  ["keys.mjs drop", /^(?!test)\S+$/m],
  ["under_no_key", /^200\n0$/],
  ["lost.json", /^\S+ \S+\n\S+ \S+\n\S+\n/],
  ["step $SERVER$SECRET\nask -X POST", /^503\nrewrap\nauth-client\/\S+\nworkspace\/ops\/auth-secret\/\S+$/],
  ["' $LOST '", /"workspace_id": "ops"/],
  ["-X PATCH", /^2\n200$/],
  ["$API/auth-clients/$CLIENT", /^204\n204$/],
  ["LEAKED=", /^204$/],
  ["secret.credentials_read", /^[0-9a-f-]{36}(\n[0-9a-f-]{36})*$/, true],
  ["ROOT_API_KEY=$NEW", /start it again\.$/],
  ["Bearer $OLD", /^200\n401$/],
  ["d1 export", /^\d+$/m],
  ["SET kids = NULL", /^rewrap$/m],
];

async function restart(): Promise<void> {
  const { port } = new URL(stage.server.url);
  await stage.server.stop();
  stage.server = await ServerProcess.start(stage.folder, { port: Number(port) });
}

test("every block of docs/OPERATIONS.md that needs no Cloudflare works when pasted, one after the other (SECURITY 13)", async () => {
  expect([LOCAL.length, BLOCKS.length - LOCAL.length]).toEqual([EXPECTED.length, 9]);
  // As in the folder of the project: tools find the database by its configuration, and the data beside it.
  copyFileSync("wrangler.toml", join(stage.folder, "wrangler.toml"));
  const shell = new Shell(stage.folder, {
    "http://localhost:8787": stage.server.url,
    "node scripts/keys.mjs": `node ${resolve("scripts/keys.mjs")}`,
    "npx wrangler": "WRANGLER_SEND_METRICS=false wrangler",
  });
  for (const [index, block] of LOCAL.entries()) {
    const [of, expected, isSoon] = EXPECTED[index] ?? ["", /^/];
    const runIt = async () => {
      const printed = (await shell.run(block)).replaceAll(/^\s*\n|\s+$/g, "");
      const isRight = block.includes(of) && expected.test(printed);
      if (!isRight) throw new Error(`${of} ${expected}\n${block}\nprinted\n${printed}`);
      return printed;
    };
    // The trail hears of things some seconds later.
    const printed = await (isSoon === true ? eventually(runIt) : runIt());
    if (printed.includes("Now stop the server and start it again.")) await restart();
  }
  shell.close();
}, 240_000);

test("docs/OPERATIONS.md says of every alert what it means, and of no other", () => {
  const [, table = ""] = guide.split("\n## Alerts\n");
  const told = [...table.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, what = ""]) => what);
  expect(told.toSorted()).toEqual(ALERTS.toSorted());
});
