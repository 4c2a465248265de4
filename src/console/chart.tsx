/** How the refreshes of the last day went, hour by hour, as bars; and the same as words. */

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

/** Counts refreshes by the hour, the oldest first. */
export function refreshesByHour(events: readonly HistoryEvent[], now: number): Bucket[] {
  const buckets = Array.from({ length: HOURS }, (): Bucket => ({ good: 0, bad: 0 }));
  for (const { attributes } of events) {
    const bucket = buckets[HOURS - 1 - Math.floor((now - Date.parse(attributes.at)) / HOUR_MS)];
    if (bucket === undefined) continue;
    if (attributes.event === "secret.refreshed") bucket.good += 1;
    if (attributes.event === "secret.refresh_failed") bucket.bad += 1;
  }
  return buckets;
}

export function RefreshChart({ buckets, of = "" }: { buckets: Bucket[]; of?: string }) {
  const good = buckets.reduce((sum, each) => sum + each.good, 0);
  const bad = buckets.reduce((sum, each) => sum + each.bad, 0);
  const most = Math.max(1, ...buckets.map((each) => each.good + each.bad));
  const words =
    `${good + bad === 1 ? "1 refresh" : `${good + bad} refreshes`} in the last 24 hours ${of}: ${good} went well, ${bad} failed.`.replace(
      " :",
      ":",
    );
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
        <span>{words}</span>
        <span>now</span>
      </p>
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
