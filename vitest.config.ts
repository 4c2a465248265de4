import { randomBytes, randomInt } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig, type Plugin, type UserWorkspaceConfig } from "vitest/config";

/** Tests of pure code and of the sources run in plain Node, those of the Worker inside workerd. */
const NODE_TESTS = ["test/*.test.ts", "test/{crypto,domain,jsonapi,simulator}/**/*.test.ts"];
const WORKERD_TESTS = ["test/{auth,budget,console,events,http,jobs,outbound,secret-actor}/**/*.test.ts"];

/** Every way of asking, from everywhere, with every permission: a minute of work each, which `npm test` leaves to `npm run test:permissions`. */
const PERMISSIONS = ["test/http/permission-matrix.test.ts", "test/console/permissions.test.ts"];
/** A thousand callers at once, and places with much in them that go: half a minute each, which it leaves to `npm run test:crowds`. */
const CROWDS = ["test/secret-actor/thousand-callers.test.ts", "test/jobs/removal.test.ts"];
/** Two hundred worlds, which it leaves to `npm run test:worlds`. */
const WORLDS = "test/simulator/seeds.test.ts";

/**
 * The packages that run in workerd. Every test file has a workerd of its own, into which all modules go one by one: each package is
 * made one module before, without a source map, which halves what a file takes to start.
 */
const PACKAGES = [...new Set(["@cfworker/json-schema", "hono/jsx/jsx-dev-runtime", ...packagesIn("src")])];
const withoutLibraryMaps: Plugin = {
  name: "without-library-maps",
  enforce: "post",
  transform: (code, id) => (id.includes("/node_modules/") ? { code, map: { mappings: "" } } : undefined),
};

function packagesIn(folder: string): string[] {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  return sources.flatMap((name) =>
    [...readFileSync(`${folder}/${name}`, "utf8").matchAll(/ from "([@a-z][^":]*)";/g)].map(([, found = ""]) => found),
  );
}

const key = { kty: "oct", kid: "test", k: randomBytes(32).toString("base64url") };

const UNLIMITED: RateLimited = { namespace_id: "1", simple: { limit: 1_000_000, period: 60 } };
/** The tests of one file fail to authenticate more often in a minute than anybody should, from one address; some want less. */
const LIMITS = { FAILURE_LIMIT: UNLIMITED, THREE: { namespace_id: "3", simple: { limit: 3, period: 60 } } } as const;
type Json = string | number | Record<string, number>;
type RateLimited = { namespace_id: string; simple: { limit: number; period: 10 | 60 } };

/** Which requests are made up: always the same, unless somebody wants others. */
const fuzz = {
  seed: process.env["FUZZ_SEED"] === "random" ? randomInt(2 ** 31) : Number(process.env["FUZZ_SEED"] ?? 1),
  cases: Number(process.env["FUZZ_CASES"] ?? 20_400),
};

/** Tests that run inside workerd, each file with a Worker of its own. */
function workerd(
  name: string,
  include: string[],
  exclude: string[],
  ratelimits: Record<string, RateLimited>,
  more: Record<string, Json> = {},
): UserWorkspaceConfig {
  return {
    plugins: [
      withoutLibraryMaps,
      cloudflareTest(async () => ({
        wrangler: { configPath: "./wrangler.toml" },
        // The sources, not what is built of them.
        main: "./src/worker.ts",
        miniflare: {
          ratelimits,
          bindings: {
            ROOT_API_KEY: randomBytes(32).toString("base64url"),
            ENCRYPTION_KEYS: JSON.stringify({ keys: [key] }),
            ALLOW_LOOPBACK: "true",
            PUBLIC_URL: "http://localhost",
            RETURN_ORIGINS: "https://app.example.com",
            ...more,
            MIGRATIONS: await readD1Migrations("migrations"),
          },
        },
      })),
    ],
    test: {
      name,
      include,
      exclude,
      globalSetup: "test/support/start-provider.ts",
      setupFiles: ["test/support/migrate.ts", "test/support/watch-leaks.ts"],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      deps: {
        optimizer: {
          ssr: {
            enabled: true,
            include: PACKAGES,
            // Names stay, since errors show them.
            rolldownOptions: { output: { minify: { compress: false, mangle: false, codegen: true } } },
          },
        },
      },
    },
  };
}

export default defineConfig({
  test: {
    // What came of the tests that npm runs, for `npm run security:report`.
    ...(process.env["npm_lifecycle_event"]?.startsWith("test") === true && {
      reporters: ["default", "json"],
      outputFile: { json: `test-results/${process.env["npm_lifecycle_event"].replace(":", "-")}.json` },
    }),
    // What passing tests log is not shown.
    silent: "passed-only",
    // Many tests wait for a clock more than they work.
    maxWorkers: 3,
    projects: [
      // Hooks and tests have a minute: that a machine is busy is no fault of theirs.
      { test: { name: "node", include: NODE_TESTS, exclude: [WORLDS], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: "worlds", include: [WORLDS] } },
      // `npm run test:processes`: the commands as people run them. They wait for real alarms, so they are not part of `npm test`.
      {
        test: {
          name: "processes",
          include: ["test/scripts/**/*.test.ts"],
          exclude: ["test/scripts/{removal,chaos}.test.ts"],
          testTimeout: 90_000,
        },
      },
      // `npm run test:browser`: the pages in Chromium, against a server of its own. One file after the other: each drives a whole browser.
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      // `npm run test:removal`: minutes of work for the whole machine.
      { test: { name: "removal", include: ["test/scripts/removal.test.ts"] } },
      // `npm run test:chaos`: servers that are killed in the middle of refreshes. Minutes, too.
      { test: { name: "chaos", include: ["test/scripts/chaos.test.ts"] } },
      workerd("workerd", WORKERD_TESTS, [...PERMISSIONS, ...CROWDS], LIMITS),
      workerd("permissions", PERMISSIONS, [], LIMITS),
      workerd("crowds", CROWDS, [], LIMITS),
      // `npm run test:fuzz`: twenty thousand made up requests.
      workerd(
        "fuzz",
        ["test/fuzz/**/*.test.ts"],
        [],
        {
          FAILURE_LIMIT: UNLIMITED,
          READ_LIMIT: UNLIMITED,
          WRITE_LIMIT: UNLIMITED,
          THREE: UNLIMITED,
        },
        { FUZZ: fuzz },
      ),
    ],
  },
});
