/** What a file's tests of the running commands play on: a server in a folder of its own, and a provider beside it. */

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type OpenIdProvider, startOpenIdProvider } from "./openid-provider.ts";
import { ServerProcess, temporaryFolder } from "./server-process.ts";

export interface Stage {
  folder: string;
  /** There once the tests have begun. */
  provider: OpenIdProvider;
  server: ServerProcess;
}

/** Starts both before the first test of a file, and ends them after the last. `settings` are more than a server needs to start. */
export function useStage(accessTokenSeconds: number, settings?: Record<string, string>): Stage {
  const folder = temporaryFolder();
  const stage = { folder: folder.path } as Stage;
  beforeAll(async () => {
    stage.provider = await startOpenIdProvider({ accessTokenSeconds });
    if (settings !== undefined) writeSettings(folder.path, settings);
    stage.server = await ServerProcess.start(folder.path);
  }, 60_000);
  afterAll(async () => {
    await stage.server.stop();
    await stage.provider.close();
    folder.remove();
  });
  return stage;
}

/** Writes what a start would make by itself, and more. */
function writeSettings(home: string, settings: Record<string, string>): void {
  const random = () => randomBytes(32).toString("base64url");
  const keys = { keys: [{ kty: "oct", kid: "test", k: random() }] };
  const all = {
    ROOT_API_KEY: random(),
    ENCRYPTION_KEYS: `'${JSON.stringify(keys)}'`,
    ALLOW_LOOPBACK: "true",
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(home, ".dev.vars"), lines.join(""), { mode: 0o600 });
}
