/**
 * How deep a token stream nests at most, as far as that shows before it is parsed: by brackets, by a run of indicators on
 * one line ("- - -"), and by what brackets hold without closing anything in between ("[a: b: c]" are objects in objects).
 */
export class Nesting {
  /** Indicators since the last comma, for each bracket that is open. */
  readonly #open: number[] = [];
  #inBrackets = 0;
  #inLine = 0;

  get depth(): number {
    return Math.max(this.#inLine, this.#inBrackets);
  }

  add(token: string): void {
    if (token === "[" || token === "{") this.#enter();
    else if (token === "]" || token === "}") this.#leave();
    else if (token === ",") this.#startEntry();
    else if (token === "-" || token === "?" || token === ":") this.#indicate();
  }

  /** Outside of brackets the next line is counted by itself: nesting by indentation shows only in the tree. */
  endLine(): void {
    if (this.#open.length === 0) this.#inLine = 0;
  }

  /** What is still open when a text that lacks brackets goes on outside of them. */
  closeAll(): void {
    this.#open.length = 0;
    this.#inBrackets = 0;
  }

  #enter(): void {
    this.#open.push(0);
    this.#inBrackets += 1;
  }

  #leave(): void {
    if (this.#open.length === 0) return;
    this.#startEntry();
    this.#open.pop();
    this.#inBrackets -= 1;
  }

  #startEntry(): void {
    const indicators = this.#open.pop();
    if (indicators === undefined) return;
    this.#inBrackets -= implicitLevels(indicators);
    this.#open.push(0);
  }

  #indicate(): void {
    const indicators = this.#open.pop();
    if (indicators === undefined) {
      this.#inLine += 1;
      return;
    }
    this.#inBrackets += implicitLevels(indicators + 1) - implicitLevels(indicators);
    this.#open.push(indicators + 1);
  }
}

/** The first colon of an entry makes a pair of it; only what follows before the next comma lies deeper. */
function implicitLevels(indicators: number): number {
  return Math.max(0, indicators - 1);
}
