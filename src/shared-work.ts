/**
 * Work that several requests of an isolate want at the same time, and that is done once for all of them. For requests alone: the platform
 * lets no Durable Object wait for the promise of another.
 */

interface UnderWay<T> {
  work: Promise<T>;
  /** Milliseconds since the epoch. */
  startedAt: number;
  isOutdated: () => boolean;
}

export class SharedWork<T> {
  readonly #patienceMs: number;
  readonly #underWay = new Map<string, UnderWay<T>>();

  /** `patienceMs`: how long work that another request began may take, before it is done again. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /**
   * Joins the work of this name, or begins it, which fails for all or none. `keepAlive` lets it go on when whoever began it goes away;
   * `isOutdated` says that what comes of it is too old for those who come now.
   */
  async do(
    name: string,
    work: () => Promise<T>,
    keepAlive: (work: Promise<unknown>) => void,
    isOutdated: () => boolean,
  ): Promise<T> {
    for (let lost: UnderWay<T> | null = null; ;) {
      const underWay = this.#underWay.get(name);
      if (underWay === undefined || underWay === lost || underWay.isOutdated()) break;
      const done = await this.#joined(underWay);
      if (done !== null) return done.value;
      lost = underWay;
    }
    const begun: UnderWay<T> = { work: work(), startedAt: Date.now(), isOutdated };
    this.#underWay.set(name, begun);
    const ended = () => {
      if (this.#underWay.get(name) === begun) this.#underWay.delete(name);
    };
    keepAlive(begun.work.then(ended, ended));
    return await begun.work;
  }

  /** Null when the work is lost with the request that began it. The platform gives a request up that waits for another's alone: hence the timer. */
  async #joined({ work, startedAt }: UnderWay<T>): Promise<{ value: T } | null> {
    const patience = startedAt + this.#patienceMs - Date.now();
    if (patience <= 0) return null;
    let timer: number | null = null;
    const lost = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), patience)));
    try {
      return await Promise.race([work.then((value) => ({ value })), lost]);
    } finally {
      clearTimeout(timer);
    }
  }
}
