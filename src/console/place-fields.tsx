/** For whom a new auth client or key is: everybody, or one tenant, contract or workspace of those that the person may make it for. */

import type { Child } from "hono/jsx";
import type { Level } from "../domain/place.ts";
import { hereOf, levelsToMake } from "./access.ts";
import { type Form, Text } from "./form.tsx";
import type { Context } from "./service.ts";

const LEVEL = "level";

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
  const [narrowest = "workspace"] = levels;
  if (levels.length === 1 && narrowest === here.level) {
    return (
      <>
        <input type="hidden" name={LEVEL} value={narrowest} />
        {here.level === "global" ? null : <input type="hidden" name={`${here.level}_id`} value={here.id} />}
      </>
    );
  }
  const chosen = form.value(LEVEL, levels.includes(here.level) ? here.level : narrowest);
  return (
    <fieldset>
      <legend>For whom</legend>
      {levels.map((level) => (
        <div class="option">
          <label class="choice">
            <input type="radio" name={LEVEL} value={level} checked={level === chosen} required />
            <span>{WORDS[level]}</span>
          </label>
          {level === "global" ? null : (
            <Text
              form={form}
              name={`${level}_id`}
              label={`Id of the ${level}`}
              value={knownId(c, level)}
              depends
              mono
            />
          )}
        </div>
      ))}
    </fieldset>
  );
}

/** Gives the id that is meant where it is known: that of the workspace of these pages, or of what the person belongs to. */
function knownId(c: Context, level: Level): string {
  const known = [hereOf(c), c.get("principal").lineage[0]].find((place) => place.level === level);
  return known === undefined || known.level === "global" ? "" : known.id;
}

/** Puts the place that a form names into its document. */
export function withPlace(document: object, sent: URLSearchParams): Record<string, unknown> {
  const level = sent.get(LEVEL) ?? "global";
  if (!["tenant", "contract", "workspace"].includes(level)) return { ...document };
  const { data } = document as { data?: { relationships?: object } };
  const place = { [level]: { data: { id: sent.get(`${level}_id`)?.trim() ?? "", type: level } } };
  return { ...document, data: { ...data, relationships: { ...data?.relationships, ...place } } };
}
