/** Many who watch, as one. */

import type { Watcher } from "./world.ts";

/** Makes one watcher of many: each sees everything, in this order. */
export function allOf(watchers: readonly Watcher[]): Required<Watcher> {
  return {
    saving: (...seen) => watchers.forEach((each) => each.saving?.(...seen)),
    entering: (...seen) => watchers.forEach((each) => each.entering?.(...seen)),
    heldBack: (...seen) => watchers.forEach((each) => each.heldBack?.(...seen)),
    sending: (...seen) => watchers.forEach((each) => each.sending?.(...seen)),
    heard: (...seen) => watchers.forEach((each) => each.heard?.(...seen)),
    asked: (...seen) => watchers.forEach((each) => each.asked?.(...seen)),
    answered: (...seen) => watchers.forEach((each) => each.answered?.(...seen)),
    crowdServed: (...seen) => watchers.forEach((each) => each.crowdServed?.(...seen)),
    settled: (...seen) => watchers.forEach((each) => each.settled?.(...seen)),
    swept: (...seen) => watchers.forEach((each) => each.swept?.(...seen)),
    ended: (...seen) => watchers.forEach((each) => each.ended?.(...seen)),
  };
}
