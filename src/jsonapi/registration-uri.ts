/** A provider's URI on the wire. It may hold variables; whether the service may call it is for `egressProblems` to see. */

import { z } from "@hono/zod-openapi";
import { SECRET_PARAM } from "../domain/oauth2/request.ts";
import { LOOSEST, templateUriFault } from "../domain/provider-uri.ts";

export const uriSchema = z
  .string()
  .min(1)
  .max(2048)
  .superRefine((text, context) => {
    const fault = templateUriFault(text, LOOSEST);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  })
  .refine((text) => !holdsSecret(text), { error: "must not hold a secret" });

/** URIs are shown, and stand in logs of others. */
function holdsSecret(text: string): boolean {
  return URL.canParse(text) && [...new URL(text).searchParams.keys()].some((name) => SECRET_PARAM.test(name));
}
