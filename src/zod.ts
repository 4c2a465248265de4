/**
 * zod as the Worker carries it: everything but four names that nothing here uses. `@hono/zod-openapi` hands on zod as one object, and
 * a bundler keeps all that hangs on it, sixty languages and a compiler included. `wrangler.toml` puts this module in the place of `zod`;
 * English messages come with the schemas themselves. Tests in workerd have the whole zod, and `test/zod.test.ts` holds the two equal.
 */

export * from "zod/v4";
// A name of our own goes before the same name from `*`; `z` has to, since zod's own `z` leads to all of it.
// oxlint-disable-next-line import/no-self-import
export * as z from "./zod.ts";

const leftOut = undefined;
export { leftOut as compile, leftOut as core, leftOut as fromJSONSchema, leftOut as locales };
