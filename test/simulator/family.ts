/**
 * What a provider knows of one consent: its refresh tokens, which of them it still takes, and why it takes none any more.
 * (RFC 9700 4.14.2: a provider that sees a spent token again may revoke the whole family.)
 */

import { refreshToken } from "./tokens.ts";

/** What a provider does with refresh tokens. */
export interface Rotation {
  /** `none`: one token for ever · `rotating`: each is good for one refresh · `revoking`: and a spent one ends them all. */
  kind: "none" | "rotating" | "revoking";
  /** For so long a spent token is taken again, in milliseconds. */
  graceMs: number;
  /** What a spent token gets within the grace: the same successor once more, or one beside it. */
  again: "same" | "another";
}

/** Why a family is over. */
export type FamilyEnd =
  | "revoked by the person"
  | "a spent refresh token came again"
  | "the refresh token's hard end"
  | "it rested for too long"
  | "a newer consent took its place";

export class Family {
  readonly id: string;
  readonly rotation: Rotation;
  /** After this no refresh token of it is taken, whatever was rotated. */
  readonly hardEndAt: number;
  /** When its newest access token ends, as far as was said. */
  tokenUntil: number | null = null;
  readonly #idleMs: number;
  #usedAt: number;
  #end: FamilyEnd | null = null;
  #last = 1;
  readonly #live = new Set([1]);
  /** When a token was spent, and what came after it. */
  readonly #spent = new Map<number, { at: number; next: number }>();

  constructor(id: string, rotation: Rotation, now: number, ends: { hardEndAt: number; idleMs: number }) {
    this.id = id;
    this.rotation = rotation;
    this.hardEndAt = ends.hardEndAt;
    this.#idleMs = ends.idleMs;
    this.#usedAt = now;
  }

  /** The refresh token that was issued with the consent. */
  get first(): string {
    return refreshToken({ family: this.id, number: 1 });
  }

  /** Says why no token is taken any more; null: some are. */
  endAt(now: number): FamilyEnd | null {
    if (this.#end !== null) return this.#end;
    if (now >= this.hardEndAt) return "the refresh token's hard end";
    return now - this.#usedAt >= this.#idleMs ? "it rested for too long" : null;
  }

  revoke(why: "revoked by the person" | "a newer consent took its place" = "revoked by the person"): void {
    this.#end ??= why;
  }

  /** Decides whether a token would be taken now. */
  takes(number: number, now: number): boolean {
    if (this.endAt(now) !== null) return false;
    return this.#live.has(number) || this.#isInGrace(number, now);
  }

  /** When a spent token stops being taken; null: it was not spent. */
  graceEndsAt(number: number): number | null {
    const spent = this.#spent.get(number);
    return spent === undefined ? null : spent.at + this.rotation.graceMs;
  }

  /** Takes a token and gives the number of its successor; null: it is refused. */
  spend(number: number, now: number): number | null {
    if (!this.takes(number, now)) {
      const isReuse = this.endAt(now) === null && this.#spent.has(number);
      if (isReuse && this.rotation.kind === "revoking") this.#end = "a spent refresh token came again";
      return null;
    }
    this.#usedAt = now;
    if (this.rotation.kind === "none") return number;
    const before = this.#spent.get(number);
    if (before !== undefined && this.rotation.again === "same") return this.#newest(before.next);
    const next = ++this.#last;
    this.#live.add(next);
    this.#live.delete(number);
    if (before === undefined) this.#spent.set(number, { at: now, next });
    this.#forget(now);
    return next;
  }

  #isInGrace(number: number, now: number): boolean {
    const endsAt = this.graceEndsAt(number);
    return endsAt !== null && now < endsAt;
  }

  #newest(number: number): number {
    const spent = this.#spent.get(number);
    return spent === undefined ? number : this.#newest(spent.next);
  }

  /** Of a long chain only the end matters; a token that is neither live nor remembered is refused like any unknown one. */
  #forget(now: number): void {
    for (const [number, { at }] of this.#spent) {
      if (this.#spent.size <= 8 || now - at < this.rotation.graceMs) return;
      this.#spent.delete(number);
    }
  }
}
