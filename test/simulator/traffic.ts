/**
 * Who comes to a secret, and when: steps that read its token, one at a time or fifty at once, at any time or just when its token ends;
 * some ask for more, some go away before the answer.
 */

import { change, read, refresh } from "./caller.ts";
import { renewConsent } from "./consent.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const SECOND = 1000;
const CROWD = 50;
/** Moments around an expiry at which something could go wrong. */
const PRESSING = [-62, -59, -31, -11, -9.5, -4, -1.2, -0.5, 0, 0.2, 3, 70].map((seconds) => seconds * SECOND);

/** How often somebody comes, and how often many at once: one visit in so many. */
export interface Pace {
  meanPauseMs: number;
  crowds: number;
}

/** Lets callers come to a secret for as long as it is there. */
export function startTraffic(world: World, secret: SimulatedSecret, pace: Pace): void {
  world.agenda.at(nextVisit(world, secret, pace), () => {
    if (secret.isGone) return;
    world.touch(secret);
    stepClock(world, secret);
    secret.visits += 1;
    visit(world, secret, pace);
    startTraffic(world, secret, pace);
  });
}

function nextVisit({ agenda, random }: World, secret: SimulatedSecret, { meanPauseMs }: Pace): number {
  const expiresAt = secret.stored?.expiresAt;
  if (expiresAt != null && random.chance(0.4)) {
    const pressing = expiresAt + random.pick(PRESSING);
    if (pressing > agenda.now && pressing < agenda.now + 4 * meanPauseMs) return pressing;
  }
  return agenda.now + random.pause(meanPauseMs);
}

function visit(world: World, secret: SimulatedSecret, { crowds }: Pace): void {
  const { random } = world;
  const { stored } = secret;
  if (stored === null) return;
  if (stored.trouble?.kind === "needs_reauthorization" && random.chance(0.2)) return connectAgain(world, secret);
  const isDeaf = random.chance(0.1);
  const lot = random.next();
  if (lot < 0.08)
    void read(world, secret, { kind: "read", minTtlSeconds: random.pick([30, 120, 300, 7200]), waits: true });
  else if (lot < 0.12) void read(world, secret, { kind: "read", minTtlSeconds: 0, waits: false });
  else if (lot < 0.14) void refresh(world, secret, null, isDeaf);
  else if (lot < 0.17) void refresh(world, secret, stored.version - (random.chance(0.3) ? 1 : 0), isDeaf);
  else if (lot < 0.17 + crowds) void crowd(world, secret);
  else void read(world, secret, { kind: "read", minTtlSeconds: 0, waits: true }, isDeaf);
}

/** Many at once, as when a flow starts all its steps. */
async function crowd(world: World, secret: SimulatedSecret): Promise<void> {
  const visits = secret.visits;
  const before = new Set(secret.exchanges);
  const callers = Array.from({ length: CROWD }, (_, caller) => {
    if (caller === CROWD - 1) return refresh(world, secret, null);
    return read(world, secret, { kind: "read", minTtlSeconds: 0, waits: true }, caller % 7 === 0);
  });
  await Promise.all(callers);
  if (secret.visits !== visits) return;
  const caused = secret.exchanges.filter((each) => !before.has(each));
  world.watchers.crowdServed(secret, CROWD, caused);
}

/** The person comes back and consents anew. */
function connectAgain(world: World, secret: SimulatedSecret): void {
  if (world.random.chance(0.5)) void renewConsent(world, secret);
  else void change(world, secret, secret.provider.consent(world.agenda.now));
}

/** The machine's clock is set, a little or a lot. */
function stepClock(world: World, secret: SimulatedSecret): void {
  const { agenda, random } = world;
  if (secret.isClockOff && secret.clockBackAt > agenda.now) return;
  if (world.strikes("clock step", secret)) {
    secret.setClock(agenda.now, random.between(-2500, 2500));
  } else if (world.strikes("clock jump", secret)) {
    secret.isClockOff = true;
    secret.clockBackAt = agenda.now + random.magnitude(1 * SECOND, 7200 * SECOND);
    // An actor whose clock is behind the platform's rings without end until the two agree, so that is not for long here.
    const jump = random.chance(0.5) ? random.magnitude(6, 86_400) : -random.magnitude(6, 60);
    secret.setClock(agenda.now, jump * SECOND);
    agenda.at(secret.clockBackAt, () => secret.setClock(agenda.now, 0));
  }
}
