/** What an isolate remembers for a while: bounded by number and by weight; what was not asked for the longest is forgotten first. */

/** How much is remembered at most. The unit of weight is whoever remembers' own; what is kept without one weighs nothing. */
export interface Bounds {
  entries: number;
  weight: number;
}

interface Entry<T> {
  value: T;
  /** Milliseconds since the epoch. */
  until: number;
  weight: number;
}

export class ShortMemory<T> {
  readonly #bounds: Bounds;
  /** In the order in which they were last asked for. */
  readonly #entries = new Map<string, Entry<T>>();
  #weight = 0;
  #timesForgotten = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  get weight(): number {
    return this.#weight;
  }

  /** Rises when something is forgotten: what was looked up before that may be what was to be forgotten. */
  get timesForgotten(): number {
    return this.#timesForgotten;
  }

  /** Finds what is still good. */
  find(name: string, now: number): T | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    if (entry.until <= now) {
      this.#weight -= entry.weight;
      return undefined;
    }
    this.#entries.set(name, entry);
    return entry.value;
  }

  /** Keeps a value until an instant, in the place of the one that there was. What is too heavy alone is not kept. */
  keep(name: string, value: T, until: number, weight = 0): void {
    this.forget(name);
    if (weight > this.#bounds.weight) return;
    this.#entries.set(name, { value, until, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#bounds.entries && this.#weight <= this.#bounds.weight) return;
      this.forget(oldest);
    }
  }

  forget(name: string): void {
    this.#weight -= this.#entries.get(name)?.weight ?? 0;
    this.#entries.delete(name);
  }

  /** Forgets everything of which this holds. */
  forgetWhere(holds: (value: T) => boolean): void {
    this.#timesForgotten++;
    for (const [name, { value }] of this.#entries) if (holds(value)) this.forget(name);
  }
}
