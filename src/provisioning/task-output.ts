/**
 * One output of a task as the supervisor frames it (see task-supervisor.sh): noise of login shells, "start", the task's
 * own bytes, "end CODE [WORD]", and after that only what background children say.
 */
export class TaskOutput {
  readonly #prefix: Buffer;
  readonly #emit: (chunk: Buffer) => void;
  #phase: "before" | "during" | "after" = "before";
  /** The end of what was received, as far as a mark may begin in it. */
  #held: Buffer = Buffer.alloc(0);
  #end: string | undefined;

  constructor(nonce: string, emit: (chunk: Buffer) => void) {
    this.#prefix = Buffer.from(`\x1e${nonce} `);
    this.#emit = emit;
  }

  get hasStarted(): boolean {
    return this.#phase !== "before";
  }

  /** What followed "end", e.g. "0" or "124 timeout". */
  get end(): string | undefined {
    return this.#end;
  }

  push(chunk: Buffer): void {
    if (this.#phase === "after") return;
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    for (;;) {
      const at = rest.indexOf(this.#prefix);
      if (at < 0) {
        const keep = partialMatch(rest, this.#prefix);
        this.#pass(rest.subarray(0, rest.length - keep));
        this.#held = Buffer.from(rest.subarray(rest.length - keep));
        return;
      }
      const lineEnd = rest.indexOf("\n", at);
      this.#pass(rest.subarray(0, at));
      if (lineEnd < 0 && rest.length - at <= maxMarkBytes) {
        this.#held = Buffer.from(rest.subarray(at));
        return;
      }
      const stop = lineEnd < 0 ? rest.length : lineEnd;
      const [verb, ...words] = rest.toString("utf8", at + this.#prefix.length, stop).split(" ");
      if (verb === "start") {
        this.#phase = "during";
      } else if (verb === "end" && this.#phase === "during") {
        this.#phase = "after";
        this.#end = words.join(" ");
        return;
      }
      rest = rest.subarray(stop + 1);
    }
  }

  #pass(bytes: Buffer): void {
    if (this.#phase === "during" && bytes.length > 0) this.#emit(bytes);
  }
}

const maxMarkBytes = 200;

/** How many bytes at the end of `bytes` could be the beginning of `mark`. */
function partialMatch(bytes: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
