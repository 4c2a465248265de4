/** Moves the clock that the Worker and its objects read. Alarms and timers of the runtime keep real time. */

import { afterEach, vi } from "vitest";

const realNow = Date.now.bind(Date);
let offset = 0;

afterEach(() => {
  offset = 0;
  vi.restoreAllMocks();
});

/** Moves the clock to an instant, in milliseconds since the epoch; it goes on from there. */
export function travelTo(instant: number): void {
  offset = instant - realNow();
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + offset);
}

/** Stops the clock, here or at an instant: however long a machine takes, no time passes. */
export function stopClock(instant = Date.now()): void {
  vi.spyOn(Date, "now").mockReturnValue(instant);
}
