/** Work that several requests of an isolate want at the same time, and that is done once for all of them. */

interface UnderWay<T> {
  work: Promise<T>;
  isOutdated: () => boolean;
}

export class SharedWork<T> {
  readonly #patienceMs: number;
  readonly #underWay = new Map<string, UnderWay<T>>();

  /** `patienceMs`: how long somebody waits for work that another request began, before it is done again. */
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
    isOutdated: () => boolean = () => false,
  ): Promise<T> {
    for (let lost: UnderWay<T> | null = null; ;) {
      const underWay = this.#underWay.get(name);
      if (underWay === undefined || underWay === lost || underWay.isOutdated()) break;
      const done = await this.#joined(underWay);
      if (done !== null) return done.value;
      lost = underWay;
    }
    const begun: UnderWay<T> = { work: work(), isOutdated };
    this.#underWay.set(name, begun);
    const ended = () => {
      if (this.#underWay.get(name) === begun) this.#underWay.delete(name);
    };
    keepAlive(begun.work.then(ended, ended));
    return await begun.work;
  }

  /** Null when the work is lost with the request that began it. The platform gives a request up that waits for another's alone: hence the timer. */
  async #joined({ work }: UnderWay<T>): Promise<{ value: T } | null> {
    let timer: number | null = null;
    const lost = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), this.#patienceMs)));
    try {
      return await Promise.race([work.then((value) => ({ value })), lost]);
    } finally {
      clearTimeout(timer);
    }
  }
}
