/**
 * zod as the Worker carries it: what something here asks for, and nothing else. `@hono/zod-openapi` hands on zod as one object, and a bundler keeps all
 * that hangs on it, sixty languages and a compiler included, so `scripts/build.mjs` puts this module in the place of `zod`.
 * English messages come with the schemas themselves. Tests in workerd have the whole zod, and `test/zod.test.ts` holds the two equal.
 */

export { array, boolean, config, email, enum, int, iso, literal, looseObject, number, object } from "zod/v4";
export { preprocess, record, strictObject, string, union, unknown, url, ZodType } from "zod/v4";
// oxlint-disable-next-line import/no-self-import
export * as z from "./zod.ts";
