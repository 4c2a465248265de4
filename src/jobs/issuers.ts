/**
 * Asks issuers for their metadata again, each about once a day, and forgets those that no client names any more. Part of the cron
 * trigger's own run: a run asks a few, the next one comes in minutes.
 */

import { type Env, settingsOf } from "../bindings.ts";
import { believed, type Discovered } from "../domain/oauth2/metadata.ts";
import type { EgressPolicy } from "../domain/provider-uri.ts";
import { type DueIssuer, dropUnusedIssuers, findDueIssuers, noteDiscovery } from "../store/issuers.ts";
import { log } from "../telemetry.ts";

/** At one run every five minutes, enough for eight thousand issuers. */
const MOST_IN_A_RUN = 30;
/** The platform lets one invocation have six requests under way. */
const AT_ONCE = 5;

/** Asks an issuer; this layer has no telephone. */
type Discover = (issuer: string, policy: EgressPolicy) => Promise<Discovered>;

/** Asks the issuers whose time has come. What goes wrong is told in the log, and the next time is soon. */
export async function refreshIssuers(env: Env, discover: Discover, requestId: string): Promise<void> {
  try {
    const due = await findDueIssuers(env.DB, Date.now(), MOST_IN_A_RUN);
    const unused = due.filter(({ isUsed }) => !isUsed).map(({ issuer }) => issuer);
    if (unused.length > 0) await dropUnusedIssuers(env.DB, unused);
    const used = due.filter(({ isUsed }) => isUsed);
    for (let at = 0; at < used.length; at += AT_ONCE) {
      await Promise.all(used.slice(at, at + AT_ONCE).map((each) => refresh(env, discover, each, requestId)));
    }
  } catch (error) {
    log({ kind: "alert", what: "issuers_not_refreshed", request_id: requestId, internal: String(error) });
  }
}

async function refresh(env: Env, discover: Discover, due: DueIssuer, requestId: string): Promise<void> {
  const { cipher, egress } = settingsOf(env);
  const discovered = believed(await discover(due.issuer, egress));
  await noteDiscovery(env.DB, cipher, due, discovered);
  log({
    kind: "discovery",
    request_id: requestId,
    issuer: due.issuer,
    outcome: discovered.kind,
    reason: discovered.kind === "failed" ? discovered.fault : null,
  });
}
