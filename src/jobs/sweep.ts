/**
 * The sweep: asks secrets that were not looked at for some hours whether their refresh is overdue, which only their actors know, and
 * wakes those that say so (docs/decisions/0010). An actor that fails holds up nobody.
 */

import type { Env } from "../bindings.ts";
import { type Inspection, nextLook } from "../domain/overdue.ts";
import { toServiceError } from "../errors.ts";
import { secretStub } from "../secret-actor/stub.ts";
import { type Candidate, findCandidates, settleCandidates } from "../store/overdue.ts";
import type { LogLine } from "../telemetry.ts";

/** What the sweep has come to so far. */
export interface Sweep {
  kind: "sweep";
  requestId: string;
  asked: number;
  woken: number;
  /** Actors that did not answer, each time that they were asked. */
  silent: number;
  /** What one of them said instead. */
  trouble: string | null;
}

/** How many actors are asked at once. */
const PAGE_SIZE = 50;
/** Those that are woken together do not come to their providers together. */
const SPREAD_MS = 60_000;
const PATIENCE_MS = 5000;
/** A younger entry without a secret may be on its way to one. */
const ORPHAN_AFTER_MS = 60 * 60_000;

/** What came of asking one of them. */
type Asked = { candidate: Candidate } & (
  { kind: "answered"; inspection: Inspection } | { kind: "gone" } | { kind: "silent"; why: string }
);

export function newSweep(requestId: string): Sweep {
  return { kind: "sweep", requestId, asked: 0, woken: 0, silent: 0, trouble: null };
}

/** Looks at some secrets. Null: there was none to look at. */
export async function sweepSome(env: Env, sweep: Sweep): Promise<Sweep | null> {
  const candidates = await findCandidates(env.DB, Date.now(), PAGE_SIZE);
  if (candidates.length === 0) return null;
  const asked = await Promise.all(candidates.map((candidate) => ask(env, candidate, sweep.requestId)));

  const now = Date.now();
  const isOrphan = (each: Asked) => each.kind === "gone" && each.candidate.createdAt <= now - ORPHAN_AFTER_MS;
  const moved = asked
    .filter((each) => !isOrphan(each))
    .map((each) => ({ ...each.candidate, next: nextLook(inspectionOf(each), now, Math.random()) }));
  await settleCandidates(
    env.DB,
    moved,
    asked.filter(isOrphan).map(({ candidate }) => candidate),
  );

  const silent = asked.filter((each) => each.kind === "silent");
  return {
    ...sweep,
    asked: sweep.asked + asked.length,
    woken: sweep.woken + asked.filter((each) => inspectionOf(each)?.overdueSince != null).length,
    silent: sweep.silent + silent.length,
    trouble: sweep.trouble ?? silent[0]?.why ?? null,
  };
}

/** What stands in the log of a sweep that is over: nothing, when all was well. */
export function sweepLines({ requestId, asked, woken, silent, trouble }: Sweep, durationMs: number): LogLine[] {
  const request_id = requestId;
  const lines: LogLine[] = [];
  if (woken > 0) {
    lines.push(
      { kind: "job", job: "sweep", subject: "secrets", request_id, duration_ms: durationMs, asked, woken },
      { kind: "alert", what: "overdue", request_id, internal: `${woken} of ${asked} secrets were overdue` },
    );
  }
  if (silent > 0) {
    const internal = `${silent} of ${asked} secrets did not answer: ${trouble}`;
    lines.push({ kind: "alert", what: "not_inspected", request_id, internal });
  }
  return lines;
}

async function ask(env: Env, candidate: Candidate, requestId: string): Promise<Asked> {
  try {
    const actor = secretStub(env, candidate.workspaceId, candidate.id, PATIENCE_MS);
    const inspection = await actor.inspect({ requestId, wake: true, spreadMs: SPREAD_MS });
    return { kind: "answered", candidate, inspection };
  } catch (error) {
    if (toServiceError(error).failure.code === "not_found") return { kind: "gone", candidate };
    return { kind: "silent", candidate, why: String(error) };
  }
}

function inspectionOf(asked: Asked): Inspection | null {
  return asked.kind === "answered" ? asked.inspection : null;
}
