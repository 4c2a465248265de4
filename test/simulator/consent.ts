/**
 * A person renews the consent of a secret: a flow is made, a browser opens it, the provider sends a code, and the code is exchanged. What
 * `open` does is done here, without its WebCrypto, whose threads know no virtual time.
 */

import type { AuthorizationId } from "../../src/domain/ids.ts";
import { once } from "./caller.ts";
import type { SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

const MINUTE = 60_000;

/** Goes through a flow, from its start to its end, with the pauses that people make. `moment` decides when the person consents. */
export async function renewConsent(
  world: World,
  secret: SimulatedSecret,
  moment: () => Promise<void> = () => world.agenda.pause(world.random.between(1000, 3 * MINUTE)),
): Promise<void> {
  const { agenda, random } = world;
  const id = `flow${secret.number}.${secret.flows++}` as AuthorizationId;
  const state = `state of ${id}`;
  const made = await once(world, secret, { kind: "consent" }, async (keeper) => {
    await keeper.consent.authorize({
      requestId: "consent",
      id,
      secretId: secret.id,
      workspaceId: secret.workspaceId,
      authClientId: secret.client.id,
      seen: null,
      renews: true,
      allowAccountChange: false,
      name: null,
      userId: null,
      scopes: [],
      additionalParams: null,
      fields: null,
      returnUrl: null,
      expiresAt: agenda.now + secret.clockOffset + 10 * MINUTE,
    });
    return null;
  });
  if (made.kind !== "answered") return;
  await agenda.pause(random.between(1000, 2 * MINUTE));
  if (!(await open(world, secret, id, state))) return;
  await moment();
  const code = secret.provider.approve(agenda.now, secret.refreshToken);
  secret.note(agenda.now, `the person consents: ${code}`);
  await once(world, secret, { kind: "consent" }, async (keeper) => {
    await keeper.consent.complete({
      requestId: "consent",
      authorizationId: id,
      authClientId: secret.client.id,
      browserToken: id,
      query: new URLSearchParams({ code, state }).toString(),
    });
    return null;
  });
}

/** Opens the flow in a browser, while no process holds the record in memory. False: it is over by then. */
async function open(world: World, secret: SimulatedSecret, id: AuthorizationId, state: string): Promise<boolean> {
  const { host } = secret;
  while (!host.putAway()) await world.agenda.pause(1000);
  const stateHash = `digest of ${state}`;
  const opening = {
    stateHash,
    browserHash: `digest of ${id}`,
    verifier: JSON.stringify([`authorization/${id}/verifier/${stateHash}`, "verifier"]),
    redirectUri: "https://me.example/callback",
  };
  const flows = host.stored?.authorizations ?? [];
  if (host.stored === null || !flows.some((flow) => flow.id === id && flow.status === "pending")) return false;
  const authorizations = flows.map((flow) => (flow.id === id ? { ...flow, openings: [opening] } : flow));
  host.commit({ ...host.stored, authorizations }, undefined);
  return true;
}
