type Release = () => void | Promise<void>;

/**
 * The owner of everything one operation acquires.
 *
 * Resources are released newest first. A release that fails is remembered and reported, but never keeps an
 * older resource alive: losing the log of a failed removal is cheaper than leaking a tap device.
 */
export class Scope implements AsyncDisposable {
  readonly name: string;
  #stack = new AsyncDisposableStack();
  #failures: Error[] = [];
  #closed: Promise<void> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /**
   * Runs `open` and owns its result from that instant on.
   *
   * Shutdown may begin while `open` is still working. The late result is then released on the spot and the
   * caller is told, so no path out of here leaks.
   */
  async acquire<T>(label: string, open: () => T | Promise<T>, release: (value: T) => void | Promise<void>): Promise<T> {
    const value = await open();
    if (this.#stack.disposed) {
      await release(value);
      throw new Error(`${this.name} closed while opening ${label}`);
    }
    this.own(label, () => release(value));
    return value;
  }

  /** Adds a release for something that already exists. Throws if this scope is closed: use `acquire` for late results. */
  own(label: string, run: Release): void {
    // Collected by hand: left to itself the stack nests each failure in a SuppressedError, one level per resource.
    const failures = this.#failures;
    this.#stack.defer(async () => {
      try {
        await run();
      } catch (cause) {
        failures.push(new Error(`could not release ${label}`, { cause }));
      }
    });
  }

  /** Hands everything owned so far to a new scope, e.g. once a boot has succeeded. This scope is closed by it. */
  move(name: string): Scope {
    const heir = new Scope(name);
    heir.#stack = this.#stack.move();
    heir.#failures = this.#failures;
    return heir;
  }

  /** Safe to call twice: the second caller waits for the first release to finish. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#releaseAll();
    return this.#closed;
  }

  async #releaseAll(): Promise<void> {
    await this.#stack.disposeAsync();
    if (this.#failures.length > 0) {
      throw new AggregateError(this.#failures, `${this.name}: ${this.#failures.length} resources left behind`);
    }
  }
}
