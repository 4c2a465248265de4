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

/** Makes the providers for so many secrets: some of each model, or those that are given. */
export function makeProviders(
  { secrets, habits = null }: { secrets: number; habits?: readonly Habits[] | null },
  database: Database,
  random: Random,
): readonly Registered[] {
  const count = habits?.length ?? Math.min(secrets, Math.max(MODELS.length, Math.round(secrets / SECRETS_EACH)));
  return Array.from({ length: count }, (_, number) => {
    const model = MODELS[number % MODELS.length] ?? "plain";
    const own = habits?.[number] ?? habitsOf(model, number, Math.ceil(secrets / count), random);
    const clientId = `client${number}` as AuthClientId;
    const registered = { provider: new Provider(own, random.fork()), clientId };
    database.clients.set(clientId, clientOf(clientId, own, random));
    return registered;
  });
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
    refreshLeadSeconds: random.pick([60, 60, 60, 60, 30, 300, 3600]),
    refreshJitterSeconds: random.pick([0, 0, 0, 30, 600]),
    version: 1,
    createdAt: 0,
    credentials: JSON.stringify([`global/auth-client/${id}/credentials/1`, registration]),
  };
}
