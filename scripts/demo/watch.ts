/** Watches the steps until the awaited renewals are over, and shows what happens as it happens. */

import { setTimeout as sleep } from "node:timers/promises";
import type { TokenCall } from "../../test/support/provider-contract.ts";
import { block, labelled, type Moment, plainLine, renewalNews } from "./picture.ts";
import { figuresOf, TOKEN_SECONDS } from "./promise.ts";
import type { Seen } from "./steps.ts";
import type { Terminal } from "./terminal.ts";

/** What there is to watch; `seen` and `tokenCalls` grow meanwhile. */
export interface Sight {
  seen: Seen;
  tokenCalls: readonly TokenCall[];
  awaitedRenewals: number;
}

const TICK_MS = 250;
const PLAIN_LINE_MS = 5000;
/** How long a renewal is news; the demo goes on reading for as long after the last one. */
const NEWS_MS = 3000;
/** How long after its expiry a token that was not renewed is given up. */
const HOPE_MS = 2000;

/** Returns after the last awaited renewal, or when a token has expired without one. Rejects when stopped. */
export async function watch(sight: Sight, terminal: Terminal, stop: AbortSignal): Promise<void> {
  const { seen, tokenCalls, awaitedRenewals } = sight;
  const { paint } = terminal;
  const startedAt = Date.now();
  let nextPlainAt = startedAt + PLAIN_LINE_MS;
  let version = 0;
  let news: { text: string; at: number } | null = null;
  let isFailing = false;

  const tell = (mark: string, text: string) => {
    const seconds = `${Math.round((Date.now() - startedAt) / 1000)} s`;
    terminal.line(labelled(paint, mark, `${seconds.padStart(5)} `, text));
  };

  terminal.line(`\n  ${seen.wentWell.length} steps now read this token, some 20 times a second:`);
  for (;;) {
    const now = Date.now();
    if (seen.version > version) {
      if (version !== 0) {
        news = { text: renewalNews(figuresOf(seen, tokenCalls)), at: now };
        tell("✓", paint("green", news.text));
      }
      version = seen.version;
    }
    if (seen.wentWell.includes(false) !== isFailing) {
      isFailing = !isFailing;
      if (isFailing) tell("✗", `a read failed: ${seen.lastFailure}`);
      else tell("✓", `every step can read again; ${seen.failed} reads have failed`);
    }

    const isNews = news !== null && now - news.at < NEWS_MS;
    const moment: Moment = { ...sight, now, news: isNews && news !== null ? news.text : null };
    if (version !== 0) terminal.draw(block(moment, paint));
    if (!terminal.isLive && now >= nextPlainAt) {
      tell(" ", plainLine(moment));
      nextPlainAt += PLAIN_LINE_MS;
    }

    if (seen.version - seen.firstVersion >= awaitedRenewals && !isNews) return;
    if (now > (seen.expiresAt || startedAt + TOKEN_SECONDS * 1000) + HOPE_MS) return;
    await sleep(TICK_MS, undefined, { signal: stop });
  }
}
