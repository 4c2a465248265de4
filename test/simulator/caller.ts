/** Callers: what they ask of a secret, as the stub does it: reads and refreshes again when a process died under them, three times at most. */

import type { Inspection } from "../../src/domain/overdue.ts";
import type { SecretView } from "../../src/domain/secret.ts";
import { ServiceError, toServiceError } from "../../src/errors.ts";
import type { Content } from "../../src/secret-actor/door.ts";
import type { SecretKeeper } from "../../src/secret-actor/keeper.ts";
import type { Call, Outcome, Wish } from "./call.ts";
import { ProcessDied } from "./incarnation.ts";
import type { Issued } from "./provider.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const MOST_TRIES = 3;
const READ = { trigger: "read", requestId: "read" } as const;
const MANUAL = { trigger: "manual", requestId: "manual" } as const;

/** Reads the token. */
export async function read(
  world: World,
  secret: SimulatedSecret,
  wish: Wish & { kind: "read" },
  isDeaf = false,
): Promise<Outcome> {
  const options = { minTtlSeconds: wish.minTtlSeconds, requireToken: true, waits: wish.waits };
  return await insist(world, secret, wish, isDeaf, (keeper) => keeper.read(READ, options));
}

/** Asks for a renewed token. */
export async function refresh(
  world: World,
  secret: SimulatedSecret,
  rejectedVersion: number | null,
  isDeaf = false,
): Promise<Outcome> {
  const wish: Wish = { kind: "refresh", rejectedVersion };
  return await insist(world, secret, wish, isDeaf, (keeper) => keeper.refresh(MANUAL, rejectedVersion));
}

/** Stores a new secret with the tokens of a new consent. */
export async function create(world: World, secret: SimulatedSecret, issued: Issued): Promise<Outcome> {
  secret.brought.add(issued.refreshToken);
  return await once(world, secret, { kind: "create" }, (keeper) =>
    keeper.create({
      requestId: "create",
      id: secret.id,
      workspaceId: secret.workspaceId,
      seen: null,
      userId: null,
      name: `secret ${secret.number}`,
      client: secret.client,
      content: contentOf(secret, issued),
      reported: null,
    }),
  );
}

/** Brings other tokens, as a platform does that has asked for a consent itself. */
export async function change(world: World, secret: SimulatedSecret, issued: Issued): Promise<Outcome> {
  secret.brought.add(issued.refreshToken);
  const content = contentOf(secret, issued);
  return await once(world, secret, { kind: "change" }, (keeper) =>
    keeper.change({ requestId: "change", name: undefined, content, reported: undefined }),
  );
}

/** Says that the auth client was corrected. */
export async function tellOfClient(world: World, secret: SimulatedSecret): Promise<Outcome> {
  return await insist(world, secret, { kind: "client changed" }, false, async (keeper) => {
    await keeper.clientChanged();
    return null;
  });
}

/** Asks whether a refresh is overdue, and wakes the secret if so. */
export async function inspect(
  world: World,
  secret: SimulatedSecret,
  onInspection: (inspection: Inspection) => void,
): Promise<Outcome> {
  return await insist(world, secret, { kind: "inspect" }, false, async (keeper) => {
    onInspection(await keeper.inspect({ wake: true, spreadMs: 60_000 }));
    return null;
  });
}

/** Removes the secret. */
export async function erase(world: World, secret: SimulatedSecret): Promise<Outcome> {
  return await insist(world, secret, { kind: "erase" }, false, async (keeper) => {
    await keeper.erase({ requestId: "erasure" });
    return null;
  });
}

type Work = (keeper: SecretKeeper) => Promise<SecretView | null>;

/** Asks once for what must not be done twice. */
export async function once(world: World, secret: SimulatedSecret, wish: Wish, work: Work): Promise<Outcome> {
  return await tryIt(world, secret, wish, { tries: 1, isDeaf: false }, work);
}

async function insist(
  world: World,
  secret: SimulatedSecret,
  wish: Wish,
  isDeaf: boolean,
  work: Work,
): Promise<Outcome> {
  for (let tries = 1; ; tries++) {
    const outcome = await tryIt(world, secret, wish, { tries, isDeaf }, work);
    if (outcome.kind !== "cut" || tries === MOST_TRIES) return outcome;
  }
}

async function tryIt(
  world: World,
  secret: SimulatedSecret,
  wish: Wish,
  { tries, isDeaf }: Pick<Call, "tries" | "isDeaf">,
  work: Work,
): Promise<Outcome> {
  const { stored } = secret.host;
  const call: Call = { wish, askedAt: world.agenda.now, tries, stored, clockOffset: secret.clockOffset, isDeaf };
  world.count(wish.kind === "read" ? "reads" : `${wish.kind} calls`);
  world.watchers.asked(secret, call);
  const outcome = await secret.host.call(work).then(answered, refused);
  world.watchers.answered(secret, call, outcome);
  return outcome;
}

function answered(view: SecretView | null): Outcome {
  return { kind: "answered", view };
}

function refused(error: unknown): Outcome {
  if (error instanceof ProcessDied) return { kind: "cut" };
  return { kind: "refused", error: error instanceof ServiceError ? error : toServiceError(error) };
}

function contentOf(secret: SimulatedSecret, issued: Issued): Content {
  const { lifetime, states } = secret.provider.habits;
  return {
    kind: "token",
    accessToken: issued.accessToken,
    tokenType: "Bearer",
    refreshToken: issued.refreshToken,
    scope: null,
    expiresIn: states === "number" || states === "text" ? lifetime : null,
    expiresAt: null,
    additionalParams: undefined,
    fields: undefined,
  };
}
