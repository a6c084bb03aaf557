/**
 * A value with watchers who always want the newest one and do not care for those in between.
 *
 * Watchers are woken at most once per turn of the event loop; a slow one skips values, never the last.
 */
export class Latest<T> {
  #value: T;
  #wakers = new Set<() => void>();
  #waking = false;
  #ended = false;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    this.#wake();
  }

  /** Lets all watchers finish once they have seen the last value. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The value now, then after every change, until the end or until `signal` aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<T> {
    let waiting = Promise.withResolvers<void>();
    const wake = () => waiting.resolve();
    this.#wakers.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    try {
      let seen: { value: T } | undefined;
      while (!signal.aborted) {
        if (seen === undefined || seen.value !== this.#value) {
          seen = { value: this.#value };
          yield seen.value;
          continue;
        }
        if (this.#ended) return;
        await waiting.promise;
        waiting = Promise.withResolvers<void>();
      }
    } finally {
      this.#wakers.delete(wake);
      signal.removeEventListener("abort", wake);
    }
  }

  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      for (const wake of this.#wakers) wake();
    });
  }
}
