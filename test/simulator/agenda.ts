/**
 * Virtual time. What is to happen stands in an agenda; one thing happens at a time, and everything that follows from it without
 * waiting has happened before the next begins. So nothing here depends on the machine's clock or its speed.
 */

const TICKS = 256;

/** Something that is to happen. */
export interface Appointment {
  readonly at: number;
  readonly order: number;
  /** Null once it happened or was called off. */
  run: (() => void) | null;
}

export class Agenda {
  now: number;
  /** How many things have happened. */
  steps = 0;
  #order = 0;
  /** A binary heap: the soonest first, and of two at the same instant the one that was entered first. */
  readonly #heap: Appointment[] = [];

  constructor(now: number) {
    this.now = now;
  }

  /** Enters something for an instant; what lies in the past happens next. */
  at(instant: number, run: () => void): Appointment {
    const appointment = { at: Math.max(this.now, Math.ceil(instant)), order: this.#order++, run };
    this.#push(appointment);
    return appointment;
  }

  /** Enters something for so many milliseconds from now. */
  after(pause: number, run: () => void): Appointment {
    return this.at(this.now + pause, run);
  }

  /** Resolves in so many milliseconds. */
  async pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => this.after(milliseconds, resolve));
  }

  /** Lets the next thing happen, and all that follows from it at once. False: nothing is left to do before this instant. */
  async step(until: number): Promise<boolean> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) {
        this.now = Math.max(this.now, until);
        return false;
      }
      this.#pop();
      if (next.run === null) continue;
      this.now = next.at;
      this.steps += 1;
      const { run } = next;
      next.run = null;
      run();
      await settled(this.steps);
      return true;
    }
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap;
    let at = heap.push(appointment) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isSooner(appointment, heap[parent])) break;
      heap[at] = heap[parent] as Appointment;
      at = parent;
    }
    heap[at] = appointment;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (isSooner(heap[child + 1], heap[child])) child += 1;
      if (!isSooner(heap[child], last)) break;
      heap[at] = heap[child] as Appointment;
      at = child;
    }
    heap[at] = last;
  }
}

/** Calls something off. */
export function callOff(appointment: Appointment | null): void {
  if (appointment !== null) appointment.run = null;
}

function isSooner(one: Appointment | undefined, other: Appointment | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/**
 * Lets every promise run that waits for nothing but its turn. Node runs what is due at its next tick when no promise is left that could
 * go on; now and then the event loop itself has its turn, so that whoever runs this can be stopped.
 */
function settled(steps: number): Promise<void> {
  return new Promise((resolve) => {
    if (steps % TICKS === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });
}
