/** The providers of a world, and the auth client that is registered at each. */

import type { AuthClientId } from "../../src/domain/ids.ts";
import type { Flavour } from "../../src/domain/oauth2/flavour.ts";
import type { SealedAuthClient } from "../../src/store/auth-clients.ts";
import type { Database } from "./database.ts";
import { habitsOf, MODELS } from "./habits.ts";
import { type Habits, Provider } from "./provider.ts";
import type { Random } from "./random.ts";

/** A provider at which somebody has registered an app. */
export interface Registered {
  provider: Provider;
  clientId: AuthClientId;
}

/** So many secrets share a provider in a large world. */
const SECRETS_EACH = 40;

/** What decides which providers there are. */
interface Wanted {
  seed: number;
  secrets: number;
  habits?: readonly Habits[] | null;
}

/** Makes the providers for so many secrets: some of each model, the few that a crowded world has, or those that are given. */
export function makeProviders(
  { seed, secrets, habits = null }: Wanted,
  database: Database,
  random: Random,
): readonly Registered[] {
  const crowded = crowdedCount(seed, secrets);
  const usual = Math.min(secrets, Math.max(MODELS.length, Math.round(secrets / SECRETS_EACH)));
  const count = habits?.length ?? crowded ?? usual;
  // Another model comes first in each, so that every one has its turn.
  const first = crowded === null ? 0 : seed;
  return Array.from({ length: count }, (_, number) => {
    const model = MODELS[(first + number) % MODELS.length] ?? "plain";
    const own = habits?.[number] ?? habitsOf(model, number, Math.ceil(secrets / count), random);
    const clientId = `client${number}` as AuthClientId;
    const registered = { provider: new Provider(own, random.fork()), clientId };
    database.clients.set(clientId, clientOf(clientId, own, random));
    return registered;
  });
}

/**
 * In every third small world all secrets share two or three providers, because a breaker opens only where several secrets of one client
 * fail. Null: this is none of those.
 */
function crowdedCount(seed: number, secrets: number): number | null {
  return seed % 3 === 2 && secrets <= SECRETS_EACH ? Math.min(secrets, 2 + (seed % 2)) : null;
}

function clientOf(id: AuthClientId, habits: Habits, random: Random): SealedAuthClient {
  const { lifetime, states, keepaliveSeconds, lastSeconds } = habits;
  const flavour: Flavour = {
    errors: lastSeconds === null ? undefined : { too_soon: "too_early" },
    zero_means_never: states === "zero for ever",
    keepalive_seconds: keepaliveSeconds ?? undefined,
  };
  const registration = {
    client_id: id,
    client_secret: "s",
    auth_uri: "https://p.example/a",
    token_uri: `https://${id}.example/t`,
    refresh_token_uri: `https://${id}.example/t`,
    flavour,
    ...(states === "missing" && random.chance(0.5) ? { token_expires_in: lifetime } : {}),
  };
  return {
    id,
    place: { level: "global" },
    type: "oauth2",
    name: id,
    components: [],
    provider: null,
    issuer: null,
    grantType: "authorization_code",
    refreshLeadSeconds: random.pick([60, 60, 60, 60, 30, 300, 3600]),
    refreshJitterSeconds: random.pick([0, 0, 0, 30, 600]),
    version: 1,
    createdAt: 0,
    credentials: JSON.stringify([`global/auth-client/${id}/credentials/1`, registration]),
  };
}
