/** A provider's flavour on the wire: settings with a default each; one that is not known is refused. */

import { z } from "@hono/zod-openapi";
import { REFUSAL_CLASSES } from "../domain/oauth2/response.ts";

const classSchema = z.enum(REFUSAL_CLASSES).openapi({
  description:
    "`retry`: soon again · `ambiguous`: the provider may have acted · `rate_limited` · `reauthorize`: the grant is dead · `config_error`: the client is refused · `too_early`: no failure; again when it is time.",
});
const ruleSchema = z.strictObject({
  class: classSchema,
  text: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi({ description: "Narrows it to descriptions that hold this, whatever their case." }),
});

/** What `attributes.flavour` of an auth client takes. */
export const flavourSchema = z
  .strictObject({
    errors: z
      .record(z.string().min(1).max(200), z.union([classSchema, z.array(ruleSchema).min(1).max(20)]))
      .refine((errors) => Object.keys(errors).length <= 100, { error: "must not have more than 100 codes" })
      .optional()
      .openapi({
        description:
          "What the provider's error codes mean, before the standard is asked: a class, or rules of which the first that matches counts.",
      }),
    zero_means_never: z
      .boolean()
      .optional()
      .openapi({ description: "`expires_in: 0` says that a token never expires; false." }),
    keepalive_seconds: z
      .int()
      .min(60)
      .max(2 ** 31 - 1)
      .optional()
      .openapi({
        description:
          "A grant that has rested for so long is renewed, however long its token lives: idle grants die at some providers.",
      }),
  })
  .openapi("Flavour");
