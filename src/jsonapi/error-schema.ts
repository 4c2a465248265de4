/** The schema of failures on the wire. */

import { z } from "@hono/zod-openapi";
import { CODES } from "./errors.ts";

const errorSchema = z
  .strictObject({
    status: z.string().openapi({ description: "The status of the answer, as text." }),
    code: z.enum(CODES).openapi({ description: "For programs. The list is closed." }),
    title: z.string().openapi({ description: "The same for each code." }),
    detail: z.string().openapi({ description: "What is wrong here, in a sentence." }),
    source: z
      .union([z.strictObject({ pointer: z.string() }), z.strictObject({ parameter: z.string() })])
      .optional()
      .openapi({ description: "Where in the document (RFC 6901), or which parameter." }),
    links: z.strictObject({ about: z.string() }).optional().openapi({ description: "Where to mend it." }),
  })
  .openapi("Error");

/** The schema of a document that says what went wrong. */
export const errorsSchema = z.strictObject({ errors: z.array(errorSchema).min(1) }).openapi("Errors");

export type ErrorObject = z.infer<typeof errorSchema>;
