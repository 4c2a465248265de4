/** The way of a token request to its provider and back: how long each part takes, and where it is lost. */

import type { TokenRequest } from "../../src/domain/oauth2/request.ts";
import type { Heard } from "../../src/domain/oauth2/response.ts";
import { callOff } from "./agenda.ts";
import { heardNothing } from "../../src/domain/oauth2/hearing.ts";
import { hear } from "./hearing.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Exchange, SimulatedSecret } from "./secret.ts";
import type { World } from "./world.ts";

interface Sending {
  request: TokenRequest;
  timeoutMs: number;
  /** The actor's clock. */
  now: () => number;
}

/** Sends a token request; resolves with what the actor hears. */
export function send(
  world: World,
  secret: SimulatedSecret,
  process: Incarnation,
  { request, timeoutMs, now }: Sending,
): Promise<Heard> {
  const { agenda, random } = world;
  const { provider } = secret;
  const sentAt = now();
  const exchange: Exchange = {
    refreshToken: spentBy(request),
    isCode: request.kind === "code_exchange",
    version: secret.stored?.version ?? 0,
    sentAt: agenda.now,
    process: process.number,
    fate: "in the air",
    loss: null,
    issued: null,
    issuedAt: null,
    endedFamily: false,
    heard: null,
    endedAt: null,
    isStored: false,
  };
  secret.add(exchange);
  secret.note(agenda.now, `sends ${exchange.refreshToken} of version ${exchange.version}`);
  world.watchers.sending(secret, exchange);
  world.count("token requests");

  return new Promise<Heard>((resolve) => {
    const end = (heard: Heard, fate: Exchange["fate"], loss: string | null) => {
      if (exchange.fate !== "in the air") return;
      callOff(timer);
      Object.assign(exchange, { fate, loss, heard, endedAt: agenda.now });
      secret.note(agenda.now, `hears ${describe(heard)}${loss === null ? "" : ` (${loss})`}`);
      world.touch(secret);
      world.watchers.heard(secret, exchange);
      resolve(heard);
    };
    const fail = (loss: string) => end(heardNothing("provider_unreachable"), "given up", loss);
    const timer = agenda.after(timeoutMs, () =>
      end(heardNothing("timeout"), "given up", `no answer within ${timeoutMs / 1000} s`),
    );

    const arrive = () => {
      const episode = provider.episodeAt(agenda.now);
      if (episode === "unreachable") return fail("the provider is unreachable");
      if (episode === "silent") return;
      // A request that was given up before it arrived may not arrive at all.
      if (exchange.fate !== "in the air" && random.chance(0.5)) return;
      const odd = world.strikes("odd lifetime", secret) ? oddLifetime(random.next()) : undefined;
      const family = provider.family(exchange.refreshToken);
      const wasOver = family?.endAt(agenda.now) !== null;
      const { answer, issued } = provider.process(exchange.refreshToken, agenda.now, odd);
      if (issued !== null) Object.assign(exchange, { issued, issuedAt: agenda.now });
      exchange.endedFamily = !wasOver && family !== null && family.endAt(agenda.now) !== null;
      if (issued !== null && exchange.fate !== "in the air")
        secret.note(agenda.now, "the provider issued tokens that nobody waits for");
      const back = (run: () => void, delay = 0) => void agenda.after(delay + random.between(10, 150), run);
      if (world.strikes("answer lost", secret)) return;
      if (world.strikes("answer reset", secret))
        return back(() => fail("the connection broke before the answer was here"));
      if (world.strikes("answer cut short", secret)) {
        const cut = { ...answer, body: answer.body.slice(0, answer.body.length / 2) };
        return back(() => end(hear(request, cut, sentAt, now()), "heard", "the answer was cut short"));
      }
      const delay = world.strikes("answer delayed", secret) ? random.magnitude(1000, 60_000) : 0;
      const damage =
        issued !== null && answer.status !== 200 ? `the provider did its work and answered ${answer.status}` : null;
      back(() => end(hear(request, answer, sentAt, now()), "heard", damage), delay);
    };

    const [least, most] = provider.habits.takes;
    if (world.strikes("request refused", secret)) agenda.after(random.between(1, 3000), () => fail("nothing was sent"));
    else if (!world.strikes("request lost", secret)) agenda.after(random.between(least, most), arrive);
  });
}

/** A lifetime that no provider should give, in seconds; null: it states none. */
function oddLifetime(chance: number): number | null {
  const lifetimes = [1, 4, 30, 61, 90, 119, 150, 0, -5, null, 30 * 86_400, 2 ** 40];
  return lifetimes[Math.floor(chance * lifetimes.length)] ?? null;
}

function describe(heard: Heard): string {
  if (heard.kind === "granted") return `${heard.grant.access_token} and ${heard.grant.refresh_token}`;
  return `${heard.refusal.class}: ${heard.refusal.reason}`;
}

/** Names what a request spends: a refresh token or a code. */
function spentBy(request: TokenRequest): string {
  if (request.kind === "refresh") return request.refreshToken;
  return request.kind === "code_exchange" ? (request.callback.get("code") ?? "") : "";
}
