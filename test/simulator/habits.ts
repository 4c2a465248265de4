/** The provider models: each kind of provider that there is, with habits drawn at random within its kind. */

import type { Rotation } from "./family.ts";
import type { Habits } from "./provider.ts";
import type { Random } from "./random.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

const FOR_EVER = Number.POSITIVE_INFINITY;

export const MODELS = [
  "plain",
  "rotating",
  "rotating with grace",
  "revoking families",
  "slow",
  "flaky",
  "rate limited",
  "hard-ending",
  "renewing late",
  "ending idle grants",
] as const;
export type Model = (typeof MODELS)[number];

/** Draws the habits of a provider of this model, for so many secrets. */
export function habitsOf(model: Model, number: number, secrets: number, random: Random): Habits {
  const usual: Habits = {
    name: `${model.replaceAll(" ", "-")}-${number}`,
    rotation: rotationOf(model, random),
    lifetime: random.pick([600, 1800, 3600, 3600, 3600, 3600, 7200, 28_800, 86_400, 30 * 86_400]),
    states: random.pick(["number", "number", "number", "text", "missing"]),
    takes: [40, 900],
    flakiness: 0,
    hastiness: 0,
    hardEndMs: FOR_EVER,
    tellsEnd: false,
    idleMs: FOR_EVER,
    keepaliveSeconds: null,
    lastSeconds: null,
    limit: null,
  };
  switch (model) {
    case "slow":
      return {
        ...usual,
        takes: random.pick([
          [1500, 9000],
          [4000, 18_000],
          [8000, 50_000],
        ] as const),
      };
    case "flaky":
      return { ...usual, flakiness: random.magnitude(0.02, 0.5), hastiness: random.pick([0, 0.05]) };
    case "rate limited": {
      const perMinute = Math.ceil((secrets * random.between(3, 10) * MINUTE) / (usual.lifetime * SECOND)) + 1;
      return { ...usual, limit: { perMinute, tells: random.pick(["seconds", "date", "nothing"]) } };
    }
    case "hard-ending":
      return { ...usual, hardEndMs: random.magnitude(DAY / 4, 20 * DAY), tellsEnd: random.chance(0.5) };
    case "renewing late":
      return { ...usual, states: "number", lastSeconds: random.pick([30, 45, 90]) };
    case "ending idle grants": {
      const idleMs = Math.round(random.magnitude(DAY / 8, 5 * DAY));
      const states = random.pick(["number", "zero for ever"] as const);
      return { ...usual, lifetime: 30 * 86_400, states, idleMs, keepaliveSeconds: Math.floor(idleMs / 2000) };
    }
    default:
      return usual;
  }
}

function rotationOf(model: Model, random: Random): Rotation {
  const again = random.pick(["same", "another"] as const);
  const graceMs = Math.round(random.magnitude(2 * SECOND, 10 * MINUTE));
  switch (model) {
    case "plain":
      return { kind: "none", graceMs: 0, again };
    case "rotating":
      return { kind: "rotating", graceMs: 0, again };
    case "rotating with grace":
      return { kind: "rotating", graceMs, again };
    case "revoking families":
      return { kind: "revoking", graceMs: random.pick([0, graceMs]), again };
    default:
      return random.pick<Rotation>([
        { kind: "none", graceMs: 0, again },
        { kind: "rotating", graceMs, again },
        { kind: "revoking", graceMs, again },
      ]);
  }
}

/** A provider that rotates, takes a spent refresh token for half a minute more, and never fails. */
export const WELL: Habits = {
  name: "well",
  rotation: { kind: "rotating", graceMs: 30_000, again: "same" },
  lifetime: 1800,
  states: "number",
  takes: [40, 900],
  flakiness: 0,
  hastiness: 0,
  hardEndMs: Number.POSITIVE_INFINITY,
  tellsEnd: false,
  idleMs: Number.POSITIVE_INFINITY,
  keepaliveSeconds: null,
  lastSeconds: null,
  limit: null,
};
