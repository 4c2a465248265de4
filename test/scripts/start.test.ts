/** `npm start` as a person meets it: what it makes, what it says, how it stops, and what is still there at the next start. */

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { connect } from "../support/connected-account.ts";
import { eventually } from "../support/eventually.ts";
import { startOpenIdProvider } from "../support/openid-provider.ts";
import { ServerProcess, temporaryFolder } from "../support/server-process.ts";

const WITHIN_20_S = { timeout: 20_000, interval: 100 };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function newHome(): string {
  const folder = temporaryFolder();
  cleanUps.push(folder.remove);
  return folder.path;
}

async function start(home: string): Promise<ServerProcess> {
  const server = await ServerProcess.start(home);
  cleanUps.push(() => server.stop());
  return server;
}

describe("npm start", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "makes keys for its owner alone, says where it is, and leaves no process after %s (SECURITY 15)",
    async (signal) => {
      const home = newHome();
      const server = await start(home);

      const keysFile = join(home, ".dev.vars");
      expect(statSync(keysFile).mode & 0o777).toBe(0o600);
      expect(readFileSync(keysFile, "utf8")).toMatch(
        /^ROOT_API_KEY=[\w-]{43}\nENCRYPTION_KEYS='.+'\nALLOW_LOOPBACK=true\n$/,
      );
      expect(server.output).toContain(server.url);
      expect(server.output).toContain("ROOT_API_KEY in ");
      expect(server.output).toContain("npm run demo");
      expect(server.output).not.toContain(server.rootKey);
      expect((await server.call("GET", "/v2/auth-clients/none")).status).toBe(404);

      // Start script, wrangler and workerd at least.
      expect(server.processes().length).toBeGreaterThan(2);
      expect(await server.stop(signal)).toBe(0);
      await eventually(() => expect(server.processes()).toEqual([]));
    },
  );

  test("through npm leaves no process either, whatever npm does with the signal", async () => {
    const server = await ServerProcess.start(newHome(), { throughNpm: true });
    await server.stop("SIGTERM");
    await eventually(() => expect(server.processes()).toEqual([]));
  });

  test("says what is wrong with a taken port or with keys that are of no use", async () => {
    const home = newHome();
    const server = await start(home);
    const port = new URL(server.url).port;
    await expect(ServerProcess.start(newHome(), { port: Number(port) })).rejects.toThrowError(`Port ${port} is taken.`);
    await server.stop();
    expect(await ServerProcess.run(["--port", "none"])).toContain("--port must be a port number");
    const keysFile = join(home, ".dev.vars");
    const keys = readFileSync(keysFile, "utf8");
    writeFileSync(keysFile, 'ROOT_API_KEY="short"\nENCRYPTION_KEYS=\'{"keys":[]}\'\n');
    const refused = "holds no usable ROOT_API_KEY and no usable ENCRYPTION_KEYS";
    await expect(ServerProcess.start(home)).rejects.toThrowError(refused);
    writeFileSync(keysFile, `${keys}PUBLIC_URL="https://secrets.example.com"\n`);
    await expect(ServerProcess.start(home)).rejects.toThrowError("ALLOW_LOOPBACK is for local servers alone");
  });

  test("keeps its state, and an alarm that fell due while it was down fires at the next start", async () => {
    const provider = await startOpenIdProvider({ accessTokenSeconds: 24 });
    cleanUps.push(() => provider.close());
    const home = newHome();
    const first = await start(home);
    const { clientId, secretPath } = await connect(first, provider);
    const before = (await first.call("GET", `${secretPath}/token`)).body;
    expect(before.version).toBe(1);
    const { next_refresh_at } = (await first.call("GET", secretPath)).body.data.attributes.health;
    await first.stop();
    expect(provider.calls(clientId).token_requests).toHaveLength(1);

    await pause(Math.max(0, Date.parse(next_refresh_at) + 2000 - Date.now()));
    expect(provider.calls(clientId).token_requests).toHaveLength(1);
    const second = await start(home);
    // Nobody reads: the renewal is the alarm's own.
    await vi.waitFor(() => expect(provider.calls(clientId).token_requests).toHaveLength(2), WITHIN_20_S);
    expect((await second.call("GET", `${secretPath}/token`)).body.version).toBeGreaterThan(1);
    expect(second.output).toContain('"trigger":"alarm"');
  });

  test("that is killed in the middle of a renewal finds out at the next start, and tries the same token again", async () => {
    const provider = await startOpenIdProvider({ accessTokenSeconds: 8 });
    cleanUps.push(() => provider.close());
    const home = newHome();
    const first = await start(home);
    const { clientId, secretPath } = await connect(first, provider);
    provider.setFault(clientId, { delay_ms: 60_000, status: 503 });
    await vi.waitFor(() => expect(provider.calls(clientId).token_requests).toHaveLength(2), WITHIN_20_S);
    await first.kill();
    provider.setFault(clientId, null);

    const second = await start(home);
    await vi.waitFor(() => expect(provider.calls(clientId).token_requests.length).toBeGreaterThan(2), WITHIN_20_S);
    const [, lost, again] = provider.calls(clientId).token_requests;
    expect([lost?.status, again?.status]).toEqual([0, 200]);
    expect(again?.refresh_token_sha256).toBe(lost?.refresh_token_sha256);
    expect((await second.call("GET", secretPath)).body.data.attributes).toMatchObject({
      state: "ready",
      health: { status: "ok" },
    });
  });
});
