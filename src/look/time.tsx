/** Instants and durations for people: relative, with the exact instant on hover. The script keeps them in step, by the same words. */

/** Says how long something takes or took: "45 s", "12 min", "3 h 20 min", "5 days". Stands in the script as well, so it uses nothing else. */
export function inWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const left = minutes % 60;
  if (hours < 10) return left === 0 ? `${hours} h` : `${hours} h ${left} min`;
  const days = Math.round(minutes / 1440);
  return hours < 36 ? `${hours} h` : `${days} days`;
}

/** Shows an instant, as "in 4 min" or "3 min ago". `at` is RFC 3339, `now` in milliseconds since the epoch. */
export function When({ at, now }: { at: string; now: number }) {
  const seconds = (Date.parse(at) - now) / 1000;
  const exact = at.replace("T", " ").replace("Z", " UTC");
  return (
    <time datetime={at} title={exact} data-when>
      {seconds > 0 ? `in ${inWords(seconds)}` : `${inWords(-seconds)} ago`}
    </time>
  );
}
