/**
 * A provider: a token endpoint with its own habits, its own troubles and its own truth. What it does is decided when a request
 * arrives there, whoever still waits for the answer.
 */

import type { RawAnswer } from "../../src/domain/oauth2/answer.ts";
import { Family, type Rotation } from "./family.ts";
import type { Random } from "./random.ts";
import { accessToken, parseRefreshToken, refreshToken } from "./tokens.ts";

/** What a provider is like. */
export interface Habits {
  name: string;
  rotation: Rotation;
  /** How long its access tokens live, in seconds. */
  lifetime: number;
  /** How `expires_in` is written; `missing`: not at all; `zero for ever`: 0, and the token never ends. */
  states: "number" | "text" | "missing" | "zero for ever";
  /** How long it takes to answer, in milliseconds, from and to. */
  takes: readonly [number, number];
  /** How often it answers 5xx for no reason, before or after it has done its work. */
  flakiness: number;
  /** How often it calls a good refresh token invalid, once. */
  hastiness: number;
  /** How long a consent is good for, in milliseconds. */
  hardEndMs: number;
  /** Whether it tells of that end. */
  tellsEnd: boolean;
  /** For how long a consent may rest, in milliseconds, and after how long it is renewed therefore, in seconds. */
  idleMs: number;
  keepaliveSeconds: number | null;
  /** It renews a token in its last so many seconds only, and says so; null: at any time. */
  lastSeconds: number | null;
  /** How many requests it takes in a minute, and how it says when to come again. */
  limit: { perMinute: number; tells: "seconds" | "date" | "nothing" } | null;
}

/** A time in which a provider is not itself. */
export type Episode = "unreachable" | "silent" | "http_503" | "closed for a while" | "http_401" | "a page of HTML";

/** What a provider issued, and to whom. */
export interface Issued {
  family: Family;
  refreshToken: string;
  accessToken: string;
}

/** What a provider answers, and what it issued with that. */
export interface Processed {
  answer: RawAnswer;
  issued: Issued | null;
}

const MINUTE = 60_000;

export class Provider {
  habits: Habits;
  /** The trouble it is in, and until when. */
  episode: { kind: Episode; until: number } | null = null;
  /** Since when everybody who asked was answered; infinite: the last who asked was not. */
  wellSince = Number.POSITIVE_INFINITY;
  readonly #random: Random;
  /** Codes that were not exchanged yet, and the refresh tokens that they may take the place of. */
  readonly #codes = new Map<string, string | null>();
  readonly #families = new Map<string, Family>();
  #consents = 0;
  #tokens = 0;
  #taken: number[] = [];
  /** Families whose last request was refused in haste: the next is not. */
  readonly #hasty = new Set<Family>();

  constructor(habits: Habits, random: Random) {
    this.habits = habits;
    this.#random = random;
  }

  /** A person consents, and the browser comes back with this code. `before` is a refresh token of an earlier consent. */
  approve(now: number, before: string | null): string {
    const code = `code ${this.habits.name}/${now}`;
    this.#codes.set(code, before);
    return code;
  }

  /** A person consents: a new family. */
  consent(now: number, lifetime = this.#usualLifetime): Issued {
    const id = `${this.habits.name}/${++this.#consents}`;
    const { hardEndMs, idleMs, rotation } = this.habits;
    const family = new Family(id, rotation, now, { hardEndAt: now + hardEndMs, idleMs });
    this.#families.set(id, family);
    return this.#issue(family, 1, now, lifetime);
  }

  family(token: string): Family | null {
    return this.#families.get(parseRefreshToken(token)?.family ?? "") ?? null;
  }

  /** Decides whether a refresh token would be taken now, trouble aside. */
  takes(token: string, now: number): boolean {
    const name = parseRefreshToken(token);
    return name !== null && this.#families.get(name.family)?.takes(name.number, now) === true;
  }

  /** Decides whether it would find a renewal too early now. */
  isEarly(token: string, now: number): boolean {
    const family = this.family(token);
    return family !== null && this.#earlyMs(family, now) > 0;
  }

  episodeAt(now: number): Episode | null {
    return this.episode !== null && now < this.episode.until ? this.episode.kind : null;
  }

  /** From now on it answers soon, and nothing troubles it. */
  heal(): void {
    this.episode = null;
    this.habits = { ...this.habits, takes: [40, 900], flakiness: 0, hastiness: 0, limit: null };
  }

  /** Works on one request. `lifetime` stands for once in place of the usual one; null: nothing is said of it. */
  process(token: string, now: number, lifetime: number | null | undefined): Processed {
    const refused = this.#refusal(now);
    if (refused !== null) return { answer: refused, issued: null };
    if (this.#codes.has(token)) return this.#redeem(token, now, lifetime);
    const name = parseRefreshToken(token);
    const family = this.#families.get(name?.family ?? "");
    if (name === null || family === undefined) return { answer: error(400, "invalid_grant"), issued: null };
    if (this.#isHasty(family)) return { answer: error(400, "invalid_grant"), issued: null };
    const early = this.#earlyMs(family, now);
    if (early > 0 && family.takes(name.number, now)) return { answer: tooEarly(early), issued: null };
    const next = family.spend(name.number, now);
    if (next === null) return { answer: error(400, "invalid_grant"), issued: null };
    const said = lifetime === undefined ? this.#usualLifetime : lifetime;
    const issued = this.#issue(family, next, now, said);
    return this.#answer(issued, now, said, next !== name.number);
  }

  /** Takes a code, once. At many providers the new consent ends the one before. */
  #redeem(code: string, now: number, lifetime: number | null | undefined): Processed {
    const before = this.#codes.get(code) ?? null;
    this.#codes.delete(code);
    if (before !== null && this.#random.chance(0.5)) this.family(before)?.revoke("a newer consent took its place");
    const said = lifetime === undefined ? this.#usualLifetime : lifetime;
    return this.#answer(this.consent(now, said), now, said, true);
  }

  #answer(issued: Issued, now: number, said: number | null, hasRefreshToken: boolean): Processed {
    // The work is done, and what is in front of it answers for it.
    if (this.#random.chance(this.habits.flakiness / 2)) return { answer: error(502, undefined), issued };
    const { hardEndAt } = issued.family;
    const body = {
      access_token: issued.accessToken,
      token_type: "bearer",
      expires_in: this.#stated(said),
      refresh_token: hasRefreshToken ? issued.refreshToken : undefined,
      refresh_token_expires_in: this.habits.tellsEnd ? Math.floor((hardEndAt - now) / 1000) : undefined,
    };
    return { answer: { status: 200, retryAfter: null, body: JSON.stringify(body) }, issued };
  }

  /** In seconds; null: nothing that anybody could count on. */
  get #usualLifetime(): number | null {
    const { states, lifetime } = this.habits;
    return states === "missing" || states === "zero for ever" ? null : lifetime;
  }

  #stated(said: number | null): number | string | undefined {
    if (said === null) return this.habits.states === "zero for ever" ? 0 : undefined;
    return this.habits.states === "text" ? String(said) : said;
  }

  /** How many milliseconds too early it is to renew. */
  #earlyMs({ tokenUntil }: Family, now: number): number {
    const { lastSeconds } = this.habits;
    return lastSeconds === null || tokenUntil === null ? 0 : tokenUntil - lastSeconds * 1000 - now;
  }

  #refusal(now: number): RawAnswer | null {
    const { limit, flakiness } = this.habits;
    switch (this.episodeAt(now)) {
      case "http_503":
        return { status: 503, retryAfter: null, body: "" };
      case "closed for a while":
        return { status: 503, retryAfter: String(Math.ceil(this.#random.between(1, 900))), body: "" };
      case "http_401":
        return error(401, "invalid_client");
      case "a page of HTML":
        return { status: 200, retryAfter: null, body: "<html>\n<p>We will be back soon.</p>\n</html>" };
      default:
    }
    if (limit !== null) {
      this.#taken = this.#taken.filter((at) => at > now - MINUTE);
      if (this.#taken.length >= limit.perMinute) return tooMany(limit.tells, (this.#taken[0] ?? now) + MINUTE, now);
      this.#taken.push(now);
    }
    return this.#random.chance(flakiness / 2) ? error(500, undefined) : null;
  }

  #isHasty(family: Family): boolean {
    if (this.#hasty.delete(family) || !this.#random.chance(this.habits.hastiness)) return false;
    this.#hasty.add(family);
    return true;
  }

  #issue(family: Family, number: number, now: number, lifetime: number | null): Issued {
    const until = lifetime === null || lifetime <= 0 ? null : now + lifetime * 1000;
    const token = accessToken(family.id, ++this.#tokens, until);
    family.tokenUntil = until;
    return { family, refreshToken: refreshToken({ family: family.id, number }), accessToken: token };
  }
}

function error(status: number, code: string | undefined): RawAnswer {
  return { status, retryAfter: null, body: code === undefined ? "" : JSON.stringify({ error: code }) };
}

function tooMany(tells: "seconds" | "date" | "nothing", at: number, now: number): RawAnswer {
  const retryAfter = { seconds: String(Math.ceil((at - now) / 1000)), date: new Date(at).toUTCString(), nothing: null };
  return { status: 429, retryAfter: retryAfter[tells], body: "" };
}

/** Half of the times it says when to come again. */
function tooEarly(earlyMs: number): RawAnswer {
  const seconds = Math.ceil(earlyMs / 1000);
  return { ...error(400, "too_soon"), retryAfter: seconds % 2 === 0 ? String(seconds) : null };
}
