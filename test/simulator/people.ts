/** What people and providers do now and then, whatever the actors are doing: consents end or are renewed, providers fall ill, versions are deployed. */

import { change, create, erase, tellOfClient } from "./caller.ts";
import { renewConsent } from "./consent.ts";
import type { Recurring } from "./faults.ts";
import type { Episode, Provider } from "./provider.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const EPISODES: Episode[] = ["unreachable", "silent", "http_503", "closed for a while", "http_401", "a page of HTML"];

/** Lets something happen again and again, at random. */
function recur(world: World, kind: Recurring, isOver: () => boolean, run: () => void): void {
  const mean = world.faults.meanPause(kind);
  if (mean === null) return;
  world.agenda.after(world.random.pause(mean), () => {
    if (isOver() || world.faults.isOver) return;
    world.faults.count(kind);
    run();
    recur(world, kind, isOver, run);
  });
}

/** Stores a new secret; when that fails, its person tries again a minute later. Resolves when it is there. */
export async function connect(world: World, secret: SimulatedSecret): Promise<void> {
  for (;;) {
    world.touch(secret);
    const outcome = await create(world, secret, secret.provider.consent(world.agenda.now));
    if (outcome.kind === "answered") return;
    await world.agenda.pause(2 * MINUTE);
    if (secret.stored !== null && secret.host.stored?.unconfirmed === false) return;
  }
}

/** What happens to one secret. */
export function livesWith(world: World, secret: SimulatedSecret): void {
  const isGone = () => secret.isGone;
  const note = (what: string) => {
    world.touch(secret);
    secret.note(world.agenda.now, what);
  };
  recur(world, "consent revoked", isGone, () => {
    note("the person revokes the consent");
    const token = secret.refreshToken;
    if (token !== null) secret.provider.family(token)?.revoke();
  });
  recur(world, "new credentials", isGone, () => {
    note("new credentials are brought");
    const before = secret.refreshToken;
    // At many providers a new consent ends the one before.
    if (before !== null && world.random.chance(0.5)) secret.provider.family(before)?.revoke();
    void change(world, secret, secret.provider.consent(world.agenda.now));
  });
  recur(world, "consent renewed", isGone, () => {
    note("the person renews the consent");
    void renewConsent(world, secret);
  });
  recur(world, "erased", isGone, () => {
    note("the secret is erased");
    void eraseFrom(world, secret);
  });
}

/** Erases a secret; whoever waits for its end learns of it when the caller does. */
export async function eraseFrom(world: World, secret: SimulatedSecret): Promise<void> {
  const { kind } = await erase(world, secret);
  if (kind === "answered") secret.leave();
}

/** The troubles of a provider. `secretsOf` gives those that are its own. */
export function troubles(world: World, provider: Provider, secretsOf: () => readonly SimulatedSecret[]): void {
  recur(
    world,
    "provider in trouble",
    () => false,
    () => {
      const { agenda, random } = world;
      const kind = random.pick(EPISODES);
      const until = agenda.now + random.magnitude(5 * SECOND, 12 * 60 * MINUTE);
      provider.episode = { kind, until };
      for (const secret of secretsOf()) secret.note(agenda.now, `its provider is in trouble: ${kind}`);
      if (kind === "http_401") agenda.at(until, () => correctClient(world, secretsOf()));
    },
  );
}

/** Somebody corrects the auth client that the provider refused, and the secrets are told of it, or find out by themselves. */
function correctClient(world: World, secrets: readonly SimulatedSecret[]): void {
  const isTold = world.random.chance(0.7);
  for (const secret of secrets) {
    const { id } = secret.client;
    const corrected = { ...(world.database.clients.get(id) ?? secret.client) };
    if (corrected.version === secret.client.version) {
      corrected.version += 1;
      corrected.credentials = corrected.credentials.replace(/credentials\/\d+/, `credentials/${corrected.version}`);
      world.database.clients.set(id, corrected);
    }
    secret.client = corrected;
    if (isTold && secret.stored !== null && !secret.isGone) void tellOfClient(world, secret);
  }
}

/** Now and then a new version is deployed: every process dies at one moment, whatever it is doing. */
export function deploys(world: World, secrets: () => readonly SimulatedSecret[]): void {
  recur(
    world,
    "deploy",
    () => false,
    () => {
      world.budgets.restart();
      for (const secret of secrets()) secret.host.kill("a new version is deployed");
    },
  );
}
