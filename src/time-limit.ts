/** A limit to how long something is waited for. */

/** Waits for work at most so long. Leaves no timer behind, which would keep an object awake. @throws {Error} naming who is late */
export async function inTime<T>(work: Promise<T>, limitMs: number, who: string): Promise<T> {
  let timer: number | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${who} does not answer in time`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
