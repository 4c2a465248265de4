/** How the refreshes of the last day went, hour by hour, as bars; and the same as words. */

import { inWords } from "../look/time.tsx";
import type { HistoryEvent } from "./state.tsx";

const HOURS = 24;
const HOUR_MS = 60 * 60 * 1000;
const HEIGHT = 64;
/** Of each hour's width the bar takes so much. */
const BAR = 0.72;

/** What happened in one hour. The last one is that which is under way. */
export interface Bucket {
  good: number;
  bad: number;
}

/** What is known of the last day. */
export interface Day {
  /** The oldest hour first. */
  buckets: Bucket[];
  /** Since when all of it is known: a secret remembers its last 100 events. */
  since: number;
}

/** As many events a secret remembers. */
const REMEMBERED = 100;

/** Counts refreshes by the hour, from the histories of secrets, each with its newest event first. */
export function refreshesOfDay(histories: readonly (readonly HistoryEvent[])[], now: number): Day {
  const starts = histories
    .filter(({ length }) => length >= REMEMBERED)
    .map((events) => Date.parse(events.at(-1)?.attributes.at ?? ""));
  const since = Math.max(now - HOURS * HOUR_MS, ...starts);
  // What lies before is known of some alone, and would look like a quiet time of all.
  const known = histories.flat().filter(({ attributes }) => Date.parse(attributes.at) >= since);
  return { since, buckets: refreshesByHour(known, now) };
}

/** Counts refreshes by the hour, the oldest first. */
function refreshesByHour(events: readonly HistoryEvent[], now: number): Bucket[] {
  const buckets = Array.from({ length: HOURS }, (): Bucket => ({ good: 0, bad: 0 }));
  for (const { attributes } of events) {
    const bucket = buckets[HOURS - 1 - Math.floor((now - Date.parse(attributes.at)) / HOUR_MS)];
    if (bucket === undefined) continue;
    if (attributes.event === "secret.refreshed") bucket.good += 1;
    if (attributes.event === "secret.refresh_failed") bucket.bad += 1;
  }
  return buckets;
}

/** Shows them. `of` says of which secrets, where that is not plain. */
export function RefreshChart({ day: { buckets, since }, of = "", now }: { day: Day; of?: string; now: number }) {
  const good = buckets.reduce((sum, each) => sum + each.good, 0);
  const bad = buckets.reduce((sum, each) => sum + each.bad, 0);
  const most = Math.max(1, ...buckets.map((each) => each.good + each.bad));
  const seconds = (now - since) / 1000;
  const isWhole = seconds >= (HOURS * HOUR_MS) / 1000;
  const counted = good + bad === 1 ? "1 refresh" : `${good + bad} refreshes`;
  const time = isWhole ? "24 hours" : inWords(seconds);
  const words =
    good + bad === 0
      ? `No refresh in the last ${time}${of}.`
      : `${counted} in the last ${time}${of}: ${good} went well, ${bad} failed.`;
  return (
    <div class="card">
      <h2>Refreshes of the last day</h2>
      <svg class="chart" viewBox={`0 0 ${HOURS} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
        {buckets.map((bucket, hour) => (
          <Bar hour={hour} bucket={bucket} most={most} />
        ))}
      </svg>
      <p class="legend">
        <span>24 h ago</span>
        <span>now</span>
      </p>
      <p class="small">{words}</p>
      {isWhole ? null : (
        <p class="hint">A secret remembers its last {REMEMBERED} events, so nothing older is counted.</p>
      )}
    </div>
  );
}

function Bar({ hour, bucket: { good, bad }, most }: { hour: number; bucket: Bucket; most: number }) {
  const x = hour + (1 - BAR) / 2;
  const tall = (count: number) => (count / most) * (HEIGHT - 2);
  if (good + bad === 0) return <rect class="none" x={x} y={HEIGHT - 1} width={BAR} height={1} />;
  return (
    <>
      <rect class="good" x={x} y={HEIGHT - tall(good)} width={BAR} height={tall(good)} />
      <rect class="bad" x={x} y={HEIGHT - tall(good) - tall(bad)} width={BAR} height={tall(bad)} />
    </>
  );
}
