/** The presets of `providers/`, by name. `scripts/presets.mjs` gathers them before anything is built; a test holds each to its schema. */

import type { Preset } from "../domain/oauth2/preset.ts";
import gathered from "./presets.json" with { type: "json" };

const presets: ReadonlyMap<string, Preset> = new Map(Object.entries(gathered as unknown as Record<string, Preset>));

/** Finds the preset of a provider; null when there is none of this name. */
export function findPreset(name: string | undefined): Preset | null {
  return (name === undefined ? undefined : presets.get(name)) ?? null;
}

/** Lists the presets by name. */
export function allPresets(): [string, Preset][] {
  return [...presets];
}
