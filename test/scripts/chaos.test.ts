/**
 * `npm run test:chaos`: servers that are killed in the middle of refreshes and started again. What they lost is held against the
 * provider's own record of what nobody could have saved. CHAOS_SEED draws the same moments again; CHAOS_ROUNDS says how many rounds.
 */

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChaosLane, type Fate } from "../support/chaos-lane.ts";
import { PHASES } from "../support/kill-record.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openid-provider.ts";
import { temporaryFolder } from "../support/server-process.ts";

const SEED = process.env["CHAOS_SEED"] ?? randomBytes(4).toString("hex");
const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? 50);
/** Servers side by side: a round waits more than it works. */
const SERVERS = 3;
const WINDOW_SECONDS = 30;
const MINUTE = 60_000;

// What a killed process has written, memory keeps just as well as a disk.
const memory = existsSync("/dev/shm") ? "/dev/shm" : undefined;
const folders = Array.from({ length: SERVERS }, () => temporaryFolder(memory));
let provider: OpenIdProvider;
let lanes: ChaosLane[] = [];

beforeAll(async () => {
  provider = await startOpenIdProvider({
    onTokenRequest: ({ client_id }) => lanes.forEach((lane) => lane.hearAnswer(client_id)),
  });
  lanes = folders.map(({ path }, index) => new ChaosLane(provider, path, `${SEED}/${index}`));
  await Promise.all(lanes.map((lane) => lane.open(WINDOW_SECONDS)));
}, 2 * MINUTE);

afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.close()));
  await provider.close();
  for (const folder of folders) folder.remove();
});

test(
  `${ROUNDS} rounds of SIGKILL lose no grant that could be saved, and say of every other that its rotation was lost`,
  { timeout: 2 * MINUTE + (ROUNDS * MINUTE) / 2 },
  async () => {
    process.stdout.write(`  seed ${SEED}\n`);
    const startedAt = Date.now();
    const rounds: Fate[][] = [];
    let next = 0;
    const goOn = async (lane: ChaosLane) => {
      while (next < ROUNDS) {
        const fates = await lane.round(next++);
        rounds.push(fates);
        expect(fates.filter(isWrong)).toEqual([]);
        expect(Math.max(...lane.secrets.map((secret) => secret.mostInFlight))).toBe(1);
      }
    };
    // When one fails, the others end their round before the test does.
    const ends = await Promise.allSettled(lanes.map((lane) => goOn(lane).finally(() => (next = ROUNDS))));
    for (const end of ends) if (end.status === "rejected") throw end.reason;

    const { inFlight, lost, givenAgain } = report(rounds, Date.now() - startedAt);
    // Kills that miss prove nothing.
    expect(inFlight).toBeGreaterThan(ROUNDS / 2);
    expect(lost).toBeGreaterThan(ROUNDS / 10);
    expect(givenAgain).toBeGreaterThan(ROUNDS / 10);
  },
);

/** A grant is lost exactly when an answer was that held the only way on, which a reuse window gives once more; and it says so. */
function isWrong({ lostBecause, hadToBeLost, reuseWindowSeconds }: Fate): boolean {
  return lostBecause !== (hadToBeLost ? "lost_rotation" : null) || (hadToBeLost && reuseWindowSeconds > 0);
}

function report(rounds: Fate[][], tookMs: number): { inFlight: number; lost: number; givenAgain: number } {
  const fates = rounds.flat();
  const phases = fates.flatMap((fate) => fate.phases);
  const isInFlight = ({ phases: at }: Fate) =>
    at.includes("before it was processed") || at.includes("answer on its way");
  const inFlight = rounds.filter((round) => round.some(isInFlight)).length;
  const kills = rounds.reduce((sum, [first]) => sum + (first?.phases.length ?? 0), 0);
  const triggers = lanes.flatMap((lane) => lane.triggers);
  const countOf = <T>(all: T[], one: T) => all.filter((each) => each === one).length;
  const lostWith = (isWindow: boolean) =>
    fates.filter((fate) => fate.lostBecause !== null && fate.reuseWindowSeconds > 0 === isWindow).length;
  const givenAgain = lanes.flatMap((lane) => lane.secrets).reduce((sum, secret) => sum + secret.givenAgain, 0);
  const lines = [
    `${rounds.length} rounds in ${Math.round(tookMs / 1000)} s, ${kills} kills, ${inFlight} rounds with refreshes in flight`,
    `refreshes: ${["alarm", "read", "manual"].map((trigger) => `${countOf(triggers, trigger)} by ${trigger}`).join(", ")}`,
    `kills by phase: ${PHASES.map((phase) => `${countOf(phases, phase)} ${phase}`).join(", ")}`,
    `no reuse window: ${lostWith(false)} grants lost, all of them lost_rotation that nobody could save`,
    `${WINDOW_SECONDS} s of reuse window: ${givenAgain} lost answers given again, ${lostWith(true)} grants lost`,
  ];
  process.stdout.write(lines.map((line) => `  ${line}\n`).join(""));
  return { inFlight, lost: lostWith(false), givenAgain };
}
