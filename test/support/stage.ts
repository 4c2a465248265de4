/** What a file's tests of the running commands play on: a server in a folder of its own, and a provider beside it. */

import { afterAll, beforeAll } from "vitest";
import { type OpenIdProvider, startOpenIdProvider } from "./openid-provider.ts";
import { ServerProcess, temporaryFolder } from "./server-process.ts";

export interface Stage {
  folder: string;
  /** There once the tests have begun. */
  provider: OpenIdProvider;
  server: ServerProcess;
}

/** Starts both before the first test of a file, and ends them after the last. */
export function useStage(accessTokenSeconds: number): Stage {
  const folder = temporaryFolder();
  const stage = { folder: folder.path } as Stage;
  beforeAll(async () => {
    stage.provider = await startOpenIdProvider({ accessTokenSeconds });
    stage.server = await ServerProcess.start(folder.path);
  }, 60_000);
  afterAll(async () => {
    await stage.server.stop();
    await stage.provider.close();
    folder.remove();
  });
  return stage;
}
