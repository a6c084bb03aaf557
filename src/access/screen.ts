// oxlint-disable-next-line import/default -- CommonJS: to Node its exports are the default
// Both are CommonJS: Node gives them a default export that their type declarations do not mention.
// oxlint-disable-next-line import/default
import serialize from "@xterm/addon-serialize";
// oxlint-disable-next-line import/default
import headless from "@xterm/headless";
import type { TerminalSize } from "./guest-shell.ts";

const scrollbackLines = 2000;
/** Memory of a screen follows its cells: wide ones keep fewer lines. */
const maxScrollbackCells = 400_000;
/** A screen that needs more to be drawn has been stuffed (zero-width characters pile up in a cell without limit). */
const maxRedrawLength = 4 * 1024 * 1024;
const checkEveryBytes = 4 * 1024 * 1024;

/** What a terminal shows, kept without anyone looking, so that a viewer can be shown it at any time. Bounded. */
export class Screen {
  readonly #terminal: headless.Terminal;
  readonly #serializer = new serialize.SerializeAddon();
  #suspiciousBytes = 0;

  /** `reply` gets the answers of the terminal to questions of programs (device attributes, cursor position). */
  constructor(size: TerminalSize, reply: (bytes: string) => void) {
    this.#terminal = new headless.Terminal({
      ...size,
      scrollback: scrollback(size),
      allowProposedApi: true,
      logLevel: "off",
    });
    this.#terminal.loadAddon(this.#serializer);
    // Window title and links: not part of what is redrawn, and each may be megabytes long.
    for (const code of [0, 1, 2, 8]) this.#terminal.parser.registerOscHandler(code, () => true);
    this.#terminal.onData(reply);
  }

  get size(): TerminalSize {
    return { cols: this.#terminal.cols, rows: this.#terminal.rows };
  }

  /** Draws in slices of a few milliseconds; resolves when `bytes` are on the screen. */
  write(bytes: Uint8Array): Promise<void> {
    for (const byte of bytes) if (byte >= 0x80) this.#suspiciousBytes++;
    return new Promise(resolve => {
      this.#terminal.write(bytes, () => {
        if (this.#suspiciousBytes > checkEveryBytes) this.redraw();
        resolve();
      });
    });
  }

  /** Resolves when everything written before is on the screen. */
  flush(): Promise<void> {
    return new Promise(resolve => this.#terminal.write("", resolve));
  }

  resize(size: TerminalSize): void {
    this.#terminal.options.scrollback = scrollback(size);
    this.#terminal.resize(size.cols, size.rows);
  }

  /** What brings an empty terminal of the same size to this state. A stuffed screen is cleared first. */
  redraw(): string {
    this.#suspiciousBytes = 0;
    const text = this.#serializer.serialize();
    if (text.length <= maxRedrawLength) return text;
    this.#terminal.reset();
    return "";
  }

  dispose(): void {
    this.#terminal.dispose();
  }
}

const scrollback = ({ cols }: TerminalSize) => Math.min(scrollbackLines, Math.floor(maxScrollbackCells / cols));
