/** For whom a new auth client or key is: everybody, or one tenant, contract or workspace of those that the person may make it for. */

import type { Child } from "hono/jsx";
import type { Level } from "../domain/place.ts";
import { hereOf, levelsToMake } from "./access.ts";
import { Choice, type Form, Pick, Text } from "./form.tsx";
import type { Context } from "./service.ts";

const LEVEL = "level";
const PLACE = "place_id";

const WORDS: Record<Level, string> = {
  workspace: "One workspace",
  contract: "A contract, with all of its workspaces",
  tenant: "A tenant, with all of its contracts",
  global: "Everybody",
};

/** The fields. Somebody of a workspace has nothing to choose. */
export function placeFields(c: Context, form: Form, of: "client" | "key"): Child {
  const levels = levelsToMake(c, of);
  const here = hereOf(c);
  const id = here.level === "global" ? "" : here.id;
  const [narrowest = "workspace"] = levels;
  if (levels.length === 1 && narrowest === here.level) {
    return (
      <>
        <input type="hidden" name={LEVEL} value={narrowest} />
        <input type="hidden" name={PLACE} value={id} />
      </>
    );
  }
  const chosen = form.value(LEVEL, levels.includes(here.level) ? here.level : narrowest);
  return (
    <div class="inline">
      <Pick form={form} name={LEVEL} label="For whom" required>
        {levels.map((level) => (
          <Choice value={level} chosen={chosen}>
            {WORDS[level]}
          </Choice>
        ))}
      </Pick>
      <Text form={form} name={PLACE} label="Its id" value={id} mono />
    </div>
  );
}

/** Puts the place that a form names into its document. */
export function withPlace(document: object, sent: URLSearchParams): Record<string, unknown> {
  const level = sent.get(LEVEL) ?? "global";
  if (!["tenant", "contract", "workspace"].includes(level)) return { ...document };
  const { data } = document as { data?: { relationships?: object } };
  const place = { [level]: { data: { id: sent.get(PLACE)?.trim() ?? "", type: level } } };
  return { ...document, data: { ...data, relationships: { ...data?.relationships, ...place } } };
}
