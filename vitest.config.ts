import { randomBytes } from "node:crypto";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

/** Tests of pure code and of the sources run in plain Node, those of the Worker inside workerd. */
const NODE_TESTS = ["test/*.test.ts", "test/{crypto,domain,jsonapi,simulator}/**/*.test.ts"];
const WORKERD_TESTS = ["test/{auth,budget,http,jobs,outbound,secret-actor}/**/*.test.ts"];

const key = { kty: "oct", kid: "test", k: randomBytes(32).toString("base64url") };

export default defineConfig({
  test: {
    // What passing tests log is not shown.
    silent: "passed-only",
    // Many tests wait for a clock more than they work.
    maxWorkers: 3,
    projects: [
      { test: { name: "node", include: NODE_TESTS } },
      // `npm run test:processes`: the commands as people run them. They wait for real alarms, so they are not part of `npm test`.
      {
        test: {
          name: "processes",
          include: ["test/scripts/**/*.test.ts"],
          exclude: ["test/scripts/{removal,chaos}.test.ts"],
          testTimeout: 90_000,
        },
      },
      // `npm run test:removal`: minutes of work for the whole machine.
      { test: { name: "removal", include: ["test/scripts/removal.test.ts"] } },
      // `npm run test:chaos`: servers that are killed in the middle of refreshes. Minutes, too.
      { test: { name: "chaos", include: ["test/scripts/chaos.test.ts"] } },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                ROOT_API_KEY: randomBytes(32).toString("base64url"),
                ENCRYPTION_KEYS: JSON.stringify({ keys: [key] }),
                ALLOW_LOOPBACK: "true",
                PUBLIC_URL: "http://localhost",
                RETURN_ORIGINS: "https://app.example.com",
                MIGRATIONS: await readD1Migrations("migrations"),
              },
            },
          })),
        ],
        test: {
          name: "workerd",
          include: WORKERD_TESTS,
          globalSetup: "test/support/start-provider.ts",
          setupFiles: "test/support/migrate.ts",
          testTimeout: 60_000,
        },
      },
    ],
  },
});
