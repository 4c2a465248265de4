/** The rewrap on the wire: what each key is needed for, and how far bringing everything under the first has come. */

import { z } from "@hono/zod-openapi";
import { instantSchema } from "./document.ts";
import { instant } from "./instant.ts";

export const REWRAP_PATH = "/v2/maintenance/rewrap";

/** Counts of records, as whoever counts them has them. */
interface Counts {
  authClients: number;
  issuers: number;
  authSecrets: number;
}

/** What came of it so far, for the key that is first now. */
interface Begun {
  state: "rewrapping" | "settling" | "finished";
  startedAt: number;
  finishedAt: number | null;
  done: Counts;
  unopened: string[];
  behind: string[];
}

const countsSchema = z
  .strictObject({ auth_clients: z.int(), issuers: z.int(), auth_secrets: z.int() })
  .openapi("RecordCounts");

/** How the rewrap is shown. */
export const rewrapSchema = z
  .strictObject({
    id: z.literal("rewrap"),
    type: z.literal("rewrap"),
    attributes: z.strictObject({
      state: z.enum(["never", "rewrapping", "settling", "finished"]).openapi({
        description:
          "`never`: not begun since this key is the first. `settling`: everything was looked at, and is looked at again after a quarter of an hour, since an isolate that does not know of the key yet may have sealed something meanwhile.",
      }),
      started_at: instantSchema.nullable(),
      finished_at: instantSchema.nullable(),
      keys: z.array(
        z.strictObject({
          kid: z.string(),
          seals: z.boolean().openapi({ description: "It is the first." }),
          records: countsSchema.openapi({
            description: "How many records it is needed for. Secrets that have not said yet count for every key.",
          }),
          may_be_dropped: z
            .boolean()
            .openapi({ description: "Nothing needs it, and bringing everything under the first key is finished." }),
        }),
      ),
      under_no_key: countsSchema.openapi({ description: "Records under keys that are not in the ring." }),
      done: countsSchema.openapi({ description: "How many records were seen to since it began." }),
      unopened: z.array(z.string()).openapi({ description: "The first hundred records that do not open." }),
      behind: z.array(z.string()).openapi({
        description: "The first hundred that did not answer. They are asked again, the next day at the latest.",
      }),
    }),
    links: z.strictObject({ self: z.string() }),
  })
  .openapi("Rewrap");

/** Shows it. `counts` are those of each key, and at the end of what is under none. */
export function rewrapResource(
  kids: readonly string[],
  counts: readonly Counts[],
  begun: Begun | null,
): z.infer<typeof rewrapSchema> {
  const countAt = (index: number) => counts[index] ?? NOTHING;
  const isFinished = begun?.state === "finished";
  return {
    id: "rewrap",
    type: "rewrap",
    attributes: {
      state: begun?.state ?? "never",
      started_at: instant(begun?.startedAt ?? null),
      finished_at: instant(begun?.finishedAt ?? null),
      keys: kids.map((kid, index) => {
        const { authClients, issuers, authSecrets } = countAt(index);
        const isNeeded = index === 0 || authClients + issuers + authSecrets > 0;
        return { kid, seals: index === 0, records: shown(countAt(index)), may_be_dropped: isFinished && !isNeeded };
      }),
      under_no_key: shown(countAt(kids.length)),
      done: shown(begun?.done ?? NOTHING),
      unopened: begun?.unopened ?? [],
      behind: begun?.behind ?? [],
    },
    links: { self: REWRAP_PATH },
  };
}

const NOTHING: Counts = { authClients: 0, issuers: 0, authSecrets: 0 };

function shown({ authClients, issuers, authSecrets }: Counts): z.infer<typeof countsSchema> {
  return { auth_clients: authClients, issuers, auth_secrets: authSecrets };
}
